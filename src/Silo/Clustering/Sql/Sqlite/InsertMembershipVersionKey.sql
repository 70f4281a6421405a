-- The first silo of a cluster makes its version. Answers whether it was this one.
INSERT INTO OrleansMembershipVersionTable (DeploymentId, Version) VALUES (@DeploymentId, 0)
ON CONFLICT (DeploymentId) DO NOTHING;
SELECT changes();
