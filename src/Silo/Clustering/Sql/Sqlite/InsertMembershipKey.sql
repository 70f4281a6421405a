-- Only at the version that was read, and only a silo that is new; a trigger moves the version. Answers whether it was done.
INSERT INTO OrleansMembershipTable
    (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
SELECT v.DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
FROM OrleansMembershipVersionTable v
WHERE v.DeploymentId = @DeploymentId AND v.Version = @Version
    AND NOT EXISTS (
        SELECT 1 FROM OrleansMembershipTable m
        WHERE m.DeploymentId = v.DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation);
SELECT changes();
