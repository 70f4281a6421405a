-- Silos that are not active (3) and have given no sign of life, nor started, since.
DELETE FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status <> 3 AND IAmAliveTime < @IAmAliveTime AND StartTime < @IAmAliveTime;
