-- Let private.drop_old_partitions wait for a fifth of a second only: behind it webhooks would wait as long.

alter function private.drop_old_partitions(timestamptz) set lock_timeout = '200ms';
