-- Let alerts remember what became of telling them.
--
-- A message is claimed before it is sent and recorded after it: whoever dies in between leaves a claim that runs out,
-- so that a message may be sent twice and is never lost.

alter table public.alerts
  add column delivered_as text,
  add column delivered_severity text,
  add column resolution_delivered_at timestamptz,
  add column delivery_kind text,
  add column delivery_attempts integer not null default 0,
  add column delivery_error text,
  add column next_delivery_at timestamptz,
  add column delivery_claim uuid,
  add column delivery_claimed_until timestamptz,
  add constraint delivered_as_is_known check (delivered_as in ('webhook', 'log')),
  add constraint delivered_says_how check (
    (delivered_at is null) = (delivered_as is null) and (delivered_at is null) = (delivered_severity is null)
  ),
  add constraint delivery_kind_is_known check (delivery_kind in ('raised', 'escalated', 'resolved')),
  add constraint delivery_attempts_are_not_negative check (delivery_attempts >= 0),
  add constraint a_claim_runs_out check ((delivery_claim is null) = (delivery_claimed_until is null));

comment on column public.alerts.delivered_at is 'When its raising, or its last rise in severity, was told.';
comment on column public.alerts.delivered_as is 'webhook, or log where no webhook was configured.';
comment on column public.alerts.delivered_severity is 'As it was told: when it rises above this, it is told again.';
comment on column public.alerts.resolution_delivered_at is 'When its end was told.';
comment on column public.alerts.delivery_kind is 'What delivery_attempts and delivery_error are about.';
comment on column public.alerts.delivery_attempts is 'How often in a row this message was refused; 0 once it is told.';
comment on column public.alerts.next_delivery_at is 'Not before: back-off, or what the webhook asked for by Retry-After.';

-- Each run asks for what is untold. What was resolved before it was told, or is told to its end, is over.
create index alerts_untold_idx on public.alerts (first_seen_at)
  where resolved_at is null or (delivered_at is not null and resolution_delivered_at is null);
create index alerts_claimed_idx on public.alerts (delivery_claimed_until) where delivery_claimed_until is not null;
