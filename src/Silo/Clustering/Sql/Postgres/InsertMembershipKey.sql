-- Only at the version that was read, and only a silo that is new. One statement, so both are done or neither. Answers which.
WITH moved AS (
    UPDATE OrleansMembershipVersionTable v SET Version = v.Version + 1
    WHERE v.DeploymentId = @DeploymentId AND v.Version = @Version
        AND NOT EXISTS (
            SELECT 1 FROM OrleansMembershipTable m
            WHERE m.DeploymentId = @DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation)
    RETURNING v.DeploymentId
), made AS (
    INSERT INTO OrleansMembershipTable
        (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
    SELECT moved.DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
    FROM moved
    RETURNING 1
)
SELECT count(*)::integer FROM made;
