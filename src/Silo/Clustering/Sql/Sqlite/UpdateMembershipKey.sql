-- Only at the version that was read; a trigger moves the version. Answers whether it was done.
UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
    AND EXISTS (SELECT 1 FROM OrleansMembershipVersionTable v WHERE v.DeploymentId = @DeploymentId AND v.Version = @Version);
SELECT changes();
