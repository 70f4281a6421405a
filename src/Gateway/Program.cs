using Halo.Gateway;
using Halo.Gateway.Endpoints;

return await GatewayStart.RunAsync(args, () =>
{
    WebApplicationBuilder builder = GatewayBuilder.Create(args);
    builder.AddHaloOptions(args);
    builder.AddHaloServer();
    builder.AddHaloCluster();
    builder.AddHaloGateway();

    WebApplication app = builder.Build();
    app.UseHaloErrors();
    app.UseHaloLimits();
    app.MapHealth();
    app.MapModels();
    app.MapCompletions();
    return app;
});
