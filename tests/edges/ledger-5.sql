BEGIN TRANSACTION;
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL,
    at     REAL NOT NULL,
    run    TEXT NOT NULL,
    event  TEXT NOT NULL,
    detail TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1,1719799200.0,'run-1','Accepted','{"token":"t-done","at":1.0}');
INSERT INTO "events" VALUES(2,2,1719799200.0,'run-1','Accepted','{"token":"t-fin","at":1.0}');
INSERT INTO "events" VALUES(3,2,1719799200.0,'run-1','Completed','{"cause":"","results":[]}');
INSERT INTO "events" VALUES(4,3,1719799200.0,'run-1','Rejected','{"cause":"bad rows","rules":""}');
INSERT INTO "events" VALUES(5,4,1719799200.0,'run-1','Checked','{"rules":"rules"}');
INSERT INTO "events" VALUES(6,4,1719799200.0,'run-1','SendStarted','{"overwrite":false}');
INSERT INTO "events" VALUES(7,5,1719799200.0,'run-1','Doubted','{"cause":"answer lost"}');
INSERT INTO "events" VALUES(8,6,1719799200.0,'run-1','Checked','{"rules":"rules"}');
INSERT INTO "events" VALUES(9,7,1719799200.0,'run-1','Checked','{"rules":"rules"}');
INSERT INTO "events" VALUES(10,7,1719799200.0,'run-1','Divided','{"parts":1}');
INSERT INTO "events" VALUES(11,6,1719799200.0,'run-1','SendStarted','{"overwrite":false,"at":1.0,"held":false}');
INSERT INTO "events" VALUES(12,6,1719799200.0,'run-1','Completed','{"cause":"two","refused":2,"results":[]}');
INSERT INTO "events" VALUES(13,7,1719799200.0,'run-1','Completed','{"cause":"two","refused":2,"results":[]}');
INSERT INTO "events" VALUES(14,8,1719799200.0,'run-1','Checked','{"rules":"rules"}');
INSERT INTO "events" VALUES(15,8,1719799200.0,'run-1','SendStarted','{"overwrite":false,"at":1719799200.0,"held":false}');
INSERT INTO "events" VALUES(16,8,1719799200.0,'run-1','Accepted','{"token":"t-refused","at":1719799201.0}');
INSERT INTO "events" VALUES(17,8,1719799200.0,'run-1','Completed','{"cause":"","refused":2,"results":[]}');
INSERT INTO "events" VALUES(18,9,1719799200.0,'run-1','Checked','{"rules":""}');
INSERT INTO "events" VALUES(19,9,1719799200.0,'run-1','Superseded','{"cause":"replaced"}');
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL,
    version       INTEGER NOT NULL,
    name          TEXT NOT NULL,
    path          TEXT NOT NULL,
    state         TEXT NOT NULL,
    cause         TEXT NOT NULL,
    data_sha256   TEXT,
    events_sha256 TEXT,
    size          INTEGER,
    checked       TEXT,
    rules         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    token         TEXT,
    accepted_at   REAL,
    owns          INTEGER NOT NULL,
    overwrote     INTEGER NOT NULL,
    repeats       INTEGER NOT NULL,
    held          INTEGER NOT NULL DEFAULT 0,
    sent_at       REAL,
    lost_at       REAL,
    updated_at    REAL NOT NULL, refused INTEGER NOT NULL DEFAULT 0, parts INTEGER NOT NULL DEFAULT 0, part TEXT, mends_sha256 TEXT,
    UNIQUE (key, version)
);
INSERT INTO "jobs" VALUES(1,'waiting',1,'waiting','waiting.csv','waiting','','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,10,'[[3,0,true,[],"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]]','rules',1,'t-done',1.0,0,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'finished',1,'finished','finished.csv','done','','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,10,'[[3,0,true,[],"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]]','rules',1,'t-fin',1.0,1,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'rejected',1,'rejected','rejected.csv','rejected','bad rows','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,10,NULL,'',0,NULL,NULL,0,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'sending',1,'sending','sending.csv','sending','','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,10,'[[3,0,true,[],"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]]','rules',1,NULL,NULL,0,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'doubt',1,'doubt','doubt.csv','in_doubt','answer lost','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,10,'[[3,0,true,[],"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]]','rules',1,NULL,NULL,0,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'divided#0001',1,'divided#0001','divided.csv','done','two','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,90,'[[5,1,true,[[3,3]],"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tao.users",2,0]]','rules',1,NULL,NULL,1,0,0,0,1.0,NULL,1719799200.0,2,0,'[1,1,10,10,80,2]',NULL);
INSERT INTO "jobs" VALUES(7,'divided',1,'divided','divided.csv','done','two','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',NULL,90,'[[5,1,true,[[3,3]],"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tao.users",2,0]]','rules',0,NULL,NULL,1,0,0,0,NULL,NULL,1719799200.0,2,1,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'refused',1,'refused','refused.csv','done','','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',NULL,9,'[[9,2,true,[[1,1],[4,6],[200,900]],"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","tao.users",1,3,[[3,3],[7,7]]]]','rules',1,'t-refused',1719799201.0,1,0,0,0,1719799200.0,NULL,1719799200.0,2,0,NULL,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "jobs" VALUES(9,'refused',2,'refused','refused.csv','superseded','replaced','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',NULL,9,'[[9,2,true,"AAECA8EBvQU=","cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","tao.users",1,3,"AgEDAQ=="]]','',0,NULL,NULL,1,0,0,0,NULL,NULL,1719799200.0,0,0,NULL,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('schema','5');
INSERT INTO "meta" VALUES('target','platform https://api.example.com client-1');
CREATE TABLE results (
    job    INTEGER NOT NULL,
    key    TEXT NOT NULL,
    suffix TEXT NOT NULL,
    size   INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body   BLOB,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;
CREATE INDEX jobs_by_path ON jobs (path);
CREATE INDEX jobs_by_token ON jobs (token) WHERE token IS NOT NULL;
CREATE INDEX jobs_open ON jobs (id) WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt');
CREATE INDEX events_by_job ON events (job);
COMMIT;
