-- Stub of pg_net 0.20 with the same tables, functions and grants; a worker of the local stack sends the requests.

create schema if not exists net;

create domain net.http_method as text
check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default now()
);
create index on net._http_response (created);

create function net._urlencode_string(string varchar) returns text
language sql
immutable
set search_path = ''
as $$
  select coalesce(pg_catalog.string_agg(
    case
      when letter ~ '[A-Za-z0-9_.~-]' then letter
      else pg_catalog.regexp_replace(
        pg_catalog.upper(pg_catalog.encode(pg_catalog.convert_to(letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g'
      )
    end,
    '' order by place
  ), '')
  from pg_catalog.regexp_split_to_table(string, '') with ordinality as part (letter, place)
$$;

create function net._encode_url_with_params_array(url text, params_array text[]) returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when pg_catalog.cardinality(params_array) = 0 then url
    when pg_catalog.strpos(url, '?') > 0 then url || '&' || pg_catalog.array_to_string(params_array, '&')
    else url || '?' || pg_catalog.array_to_string(params_array, '&')
  end
$$;

create function net.wake() returns void
language sql
set search_path = ''
as $$
  select pg_catalog.pg_notify('local_net_requests', '')
$$;

create function net.worker_restart() returns bool
language sql
as 'select true';

create function net.check_worker_is_up() returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from pg_catalog.pg_stat_activity where application_name = 'local pg_net worker') then
    raise exception 'the pg_net background worker is not up';
  end if;
end;
$$;

create function net._enqueue(
  p_method text, p_url text, p_params jsonb, p_headers jsonb, p_body bytea, p_timeout_milliseconds int
) returns bigint
language plpgsql
as $$
declare
  v_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    p_method,
    net._encode_url_with_params_array(
      p_url,
      array(
        select net._urlencode_string(param.key) || '=' || net._urlencode_string(param.value)
        from pg_catalog.jsonb_each_text(p_params) as param
      )
    ),
    p_headers,
    p_body,
    p_timeout_milliseconds
  )
  returning id into v_id;
  perform net.wake();
  return v_id;
end;
$$;

create function net.http_get(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
language sql
as $$
  select net._enqueue('GET', url, params, headers, null, timeout_milliseconds)
$$;

create function net.http_post(
  url text,
  body jsonb default '{}'::jsonb,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
language plpgsql
as $$
declare
  v_content_type text := (
    select header.value
    from pg_catalog.jsonb_each_text(coalesce(headers, '{}'::jsonb)) as header
    where pg_catalog.lower(header.key) = 'content-type'
    limit 1
  );
begin
  if v_content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  return net._enqueue(
    'POST',
    url,
    params,
    case when v_content_type is null then headers || '{"Content-Type": "application/json"}'::jsonb else headers end,
    pg_catalog.convert_to(body::text, 'UTF8'),
    timeout_milliseconds
  );
end;
$$;

create function net.http_delete(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000,
  body jsonb default null
) returns bigint
language sql
as $$
  select net._enqueue(
    'DELETE', url, params, headers, pg_catalog.convert_to(body::text, 'UTF8'), timeout_milliseconds
  )
$$;

grant usage on schema net to public;
grant all on all sequences in schema net to public;
grant all on all tables in schema net to public;
