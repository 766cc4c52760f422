CREATE TABLE events (
    position    INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    subject     TEXT,
    time        INTEGER,
    key         TEXT,
    hash        BLOB    NOT NULL,
    body        BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    via         TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_identity ON events (tenant, source, id);

CREATE TABLE rejected (
    number      INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    via         TEXT    NOT NULL,
    source      TEXT,
    id          TEXT,
    type        TEXT,
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    field       TEXT,
    body        BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    file        TEXT,
    record      INTEGER,
    replayed    INTEGER
) STRICT;
CREATE INDEX rejected_records ON rejected (file, record) WHERE file IS NOT NULL;

CREATE TABLE definitions (
    hash   TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    source TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY,
    flow           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    definition     TEXT    NOT NULL,
    tenant         TEXT    NOT NULL,
    business_key   TEXT,
    trigger        INTEGER,
    parent         INTEGER,
    status         INTEGER NOT NULL,
    blocked_by     INTEGER,
    since          INTEGER NOT NULL, -- its listens hear events of the log from here on
    waiting_for    TEXT,
    waiting_reason TEXT,
    waiting_since  INTEGER,
    waiting_until  INTEGER,
    waiting_task   TEXT,
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    output         BLOB,
    error          BLOB
) STRICT;
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;
CREATE INDEX runs_open_key ON runs (tenant, business_key, id) WHERE ended_at IS NULL AND business_key IS NOT NULL;
CREATE INDEX runs_key ON runs (business_key, id) WHERE business_key IS NOT NULL;
CREATE UNIQUE INDEX runs_trigger ON runs (trigger, flow, tenant) WHERE trigger IS NOT NULL;
CREATE INDEX runs_faulted ON runs (id) WHERE status = 5;

-- One row holds the entries of one transition; `seq` is the number of the last of them.
CREATE TABLE journal (
    id     INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    body   BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_run ON journal (run, seq);

CREATE TABLE snapshots (
    run  INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL,
    body BLOB    NOT NULL
) STRICT;

CREATE TABLE timers (
    run        INTEGER NOT NULL,
    activation INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    PRIMARY KEY (run, activation, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);

CREATE TABLE waits (
    run        INTEGER NOT NULL,
    activation INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    tenant     TEXT    NOT NULL,
    type       TEXT    NOT NULL, -- empty: any type
    shape      TEXT    NOT NULL,
    key        TEXT    NOT NULL, -- empty: nothing is correlated
    filter     BLOB    NOT NULL,
    PRIMARY KEY (run, activation, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_lookup ON waits (tenant, type, shape, key);

-- Events given to runs. A row that was taken stays until the run ends, so that no later listen takes the event again.
CREATE TABLE inbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run        INTEGER NOT NULL,
    activation INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    taken      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX inbox_run ON inbox (run, position, activation);
CREATE INDEX inbox_untaken ON inbox (run) WHERE taken = 0;

-- Correlation keys of the events handed over, so that a run that begins to listen hears what came before.
CREATE TABLE event_keys (
    digest   INTEGER NOT NULL, -- of tenant, type, shape and key
    position INTEGER NOT NULL,
    PRIMARY KEY (digest, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    tenant     TEXT    NOT NULL,
    noun       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    updated_at INTEGER NOT NULL,
    run        INTEGER NOT NULL,
    PRIMARY KEY (noun, tenant, id)
) STRICT;

CREATE TABLE record_versions (
    number     INTEGER PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    noun       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    updated_at INTEGER NOT NULL,
    run        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_versions_identity ON record_versions (noun, tenant, id, version);

CREATE TABLE links (
    tenant       TEXT    NOT NULL,
    noun         TEXT    NOT NULL,
    canonical_id TEXT    NOT NULL,
    system       TEXT    NOT NULL,
    system_id    TEXT    NOT NULL,
    version      INTEGER,
    url          TEXT,
    confirmed_at INTEGER NOT NULL,
    run          INTEGER NOT NULL,
    PRIMARY KEY (noun, canonical_id, system, tenant)
) STRICT;
CREATE INDEX links_system ON links (system, system_id);
CREATE INDEX links_run ON links (run);

CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
