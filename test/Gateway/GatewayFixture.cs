namespace Halo.Gateway;

/// <summary>One gateway with real boards and the bundled model, for all tests that only talk to it.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    internal TestGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Gateway = await TestGateway.StartAsync(null, "--boards", "3", "--Halo:Gateway:StreamHeartbeat", "00:00:01", "--Halo:Gateway:ChatTemplate", "plain");
        await Gateway.WaitUntilReadyAsync();
    }

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class GatewayTests : ICollectionFixture<GatewayFixture>
{
    public const string Name = "gateway";
}
