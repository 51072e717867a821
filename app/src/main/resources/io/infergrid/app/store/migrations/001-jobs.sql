create table jobs (
  id text primary key,
  started_at integer not null, -- milliseconds since 1970
  duration_millis integer not null,
  model text not null,
  state text not null check (state in ('running', 'finished', 'failed', 'cancelled')),
  prompt_tokens integer not null,
  completion_tokens integer not null,
  stages text not null, -- peer ids in order, one a line
  transcript_sha256 text not null,
  error text not null
) strict;

create index jobs_by_start on jobs (started_at desc);

create table windows (
  job_id text not null references jobs (id) on delete cascade,
  window_index integer not null,
  first_position integer not null,
  positions integer not null check (positions between 1 and 32),
  tokens_sha256 text not null,
  duration_millis integer not null,
  primary key (job_id, window_index)
) strict, without rowid;

create table benchmark_runs (
  id integer primary key autoincrement,
  started_at integer not null,
  device text not null,
  backend text not null,
  conformant integer not null check (conformant in (0, 1)),
  conformance_digest text not null
) strict;

create table benchmark_figures (
  run_id integer not null references benchmark_runs (id) on delete cascade,
  figure text not null, -- with its unit, e.g. memory.read.GBps
  value real not null,
  primary key (run_id, figure)
) strict, without rowid;
