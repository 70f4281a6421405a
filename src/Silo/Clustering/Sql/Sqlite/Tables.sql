-- Orleans reads its statements here, by key, when a silo starts.
CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey TEXT NOT NULL PRIMARY KEY,
    QueryText TEXT NOT NULL
);

-- One row a cluster. Version is the etag that every change of membership must have read.
CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
    DeploymentId TEXT NOT NULL PRIMARY KEY,
    Version INTEGER NOT NULL
);

-- One row a start of a silo. Times are text of the form yyyy-MM-dd HH:mm:ss.fffffff in UTC, so that order of text is order of time.
CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
    DeploymentId TEXT NOT NULL,
    Address TEXT NOT NULL,
    Port INTEGER NOT NULL,
    Generation INTEGER NOT NULL,
    SiloName TEXT NOT NULL,
    HostName TEXT NOT NULL,
    Status INTEGER NOT NULL,
    ProxyPort INTEGER NOT NULL,
    SuspectTimes TEXT NULL,
    StartTime TEXT NOT NULL,
    IAmAliveTime TEXT NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

-- The version moves in the very statement that changes a row: no transaction can be left open in a pool, and none is half done.
-- A sign of life sets IAmAliveTime alone and moves nothing.
CREATE TRIGGER IF NOT EXISTS OrleansMembershipInserted AFTER INSERT ON OrleansMembershipTable
BEGIN
    UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = NEW.DeploymentId;
END;

CREATE TRIGGER IF NOT EXISTS OrleansMembershipUpdated AFTER UPDATE OF Status, SuspectTimes ON OrleansMembershipTable
BEGIN
    UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = NEW.DeploymentId;
END;

CREATE TRIGGER IF NOT EXISTS OrleansMembershipDeleted AFTER DELETE ON OrleansMembershipVersionTable
BEGIN
    DELETE FROM OrleansMembershipTable WHERE DeploymentId = OLD.DeploymentId;
END;

-- Which of our schemas this is; one row.
CREATE TABLE IF NOT EXISTS HaloMembershipSchema (
    Id INTEGER NOT NULL PRIMARY KEY CHECK (Id = 1),
    Version INTEGER NOT NULL
);
