create table peers_seen (
  peer_id text primary key,
  address text not null,
  role text not null,
  device text not null,
  first_seen_at integer not null,
  last_seen_at integer not null
) strict, without rowid;

create table settings_history (
  id integer primary key autoincrement,
  changed_at integer not null,
  settings text not null -- JSON, as it was after the change
) strict;

create table rig_events (
  id integer primary key autoincrement,
  happened_at integer not null,
  severity text not null check (severity in ('info', 'warning', 'error')),
  text text not null
) strict;

create index rig_events_by_time on rig_events (happened_at desc);
