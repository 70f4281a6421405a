using Halo.Gateway;

return await GatewayStart.RunAsync(args, () => Build(args));

internal static partial class Program
{
    /// <summary>Puts the gateway together.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="change">Changes services before they are made, for tests.</param>
    internal static WebApplication Build(string[] args, Action<IServiceCollection>? change = null)
    {
        WebApplicationBuilder builder = GatewayBuilder.Create(args);
        builder.AddHaloOptions();
        builder.AddHaloServer();
        builder.AddHaloCluster();
        builder.AddHaloApi();
        change?.Invoke(builder.Services);

        WebApplication app = builder.Build();
        app.UseHaloErrors();
        app.UseHaloLimits();
        app.MapHealth();
        app.MapModels();
        app.MapBoards();
        app.MapJoin();
        app.MapCompletions();
        return app;
    }
}
