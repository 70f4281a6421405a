-- Orleans reads its statements here, by key, when a silo starts.
CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey text NOT NULL PRIMARY KEY,
    QueryText text NOT NULL
);

-- One row a cluster. Version is the etag that every change of membership must have read.
CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
    DeploymentId text NOT NULL PRIMARY KEY,
    Version integer NOT NULL
);

-- One row a start of a silo.
CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
    DeploymentId text NOT NULL,
    Address text NOT NULL,
    Port integer NOT NULL,
    Generation integer NOT NULL,
    SiloName text NOT NULL,
    HostName text NOT NULL,
    Status integer NOT NULL,
    ProxyPort integer NOT NULL,
    SuspectTimes text NULL,
    StartTime timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

-- Which of our schemas this is; one row.
CREATE TABLE IF NOT EXISTS HaloMembershipSchema (
    Id integer NOT NULL PRIMARY KEY CHECK (Id = 1),
    Version integer NOT NULL
);
