-- The whole cluster; a trigger deletes its silos.
DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId;
