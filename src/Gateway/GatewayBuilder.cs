using System.Threading.RateLimiting;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Gateway.Endpoints;
using Halo.Gateway.Serving;
using Halo.Silo;
using Halo.Silo.Clustering;

namespace Halo.Gateway;

/// <summary>The parts that <c>Program.cs</c> puts together.</summary>
internal static class GatewayBuilder
{
    /// <summary>
    /// Where the gateway serves unless <c>--urls</c> or the environment says otherwise: this machine only, on purpose. It asks nobody who they
    /// are, so opening it to a network is a decision to take, and best taken behind a proxy that does.
    /// </summary>
    public const string DefaultAddress = "http://127.0.0.1:8080";

    private const string CompletionLimit = "completions";
    private const int MaxJoinBytes = 64 * 1024; // a request to join is a port and perhaps a name

    /// <summary>A builder that knows the command line.</summary>
    /// <exception cref="StartException">The command line has faults.</exception>
    public static WebApplicationBuilder Create(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = GatewayArguments.ToConfiguration(args) });
        builder.WebHost.UseKestrelHttpsConfiguration();
        if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(DefaultAddress);
        }

        return builder;
    }

    /// <summary>Reads and checks all options.</summary>
    /// <exception cref="StartException">They have faults, or the key file cannot be used; it lists all of them.</exception>
    public static void AddHaloOptions(this WebApplicationBuilder builder)
    {
        List<string> faults = [];
        HaloClusterOptions cluster = OptionsReader.Read<HaloClusterOptions>(builder.Configuration.GetSection(HaloClusterOptions.SectionName), faults, "Gateway");
        GatewayOptions gateway = OptionsReader.Read<GatewayOptions>(builder.Configuration.GetSection(GatewayOptions.SectionName), faults);
        if (gateway.Cluster is null)
        {
            faults.AddRange(cluster.Validate());
        }
        else
        {
            faults.AddRange(builder.Configuration.GetSection(HaloClusterOptions.SectionName).GetChildren()
                .Where(child => !child.Key.Equals("Gateway", StringComparison.OrdinalIgnoreCase))
                .Select(child => $"{child.Path} is for boards in this process; with --cluster the silos have theirs."));
        }

        faults.AddRange(gateway.Validate());
        if (faults.Count > 0)
        {
            throw new StartException("The options have faults:", faults);
        }

        builder.Services.AddSingleton(ClusterIdentity.Of(cluster));
        builder.Services.AddSingleton(cluster);
        builder.Services.AddSingleton(gateway);
    }

    /// <summary>Sets up the server: bounds, and a log that leaves the console to what matters.</summary>
    public static void AddHaloServer(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>().Configure<GatewayOptions>((server, options) =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = options.MaxDrainedBytes;
        });
        builder.Services.AddRateLimiter(_ => { });
        builder.Services.AddOptions<Microsoft.AspNetCore.RateLimiting.RateLimiterOptions>().Configure<GatewayOptions>((limiter, options) =>
        {
            limiter.AddPolicy(CompletionLimit, _ => RateLimitPartition.GetConcurrencyLimiter(
                CompletionLimit, _ => new ConcurrencyLimiterOptions { PermitLimit = options.MaxRequestsInFlight, QueueLimit = 0 }));
            limiter.OnRejected = (rejected, _) => new ValueTask(ErrorAnswers.WriteAsync(rejected.HttpContext, ApiException.TooMany(options.MaxRequestsInFlight)));
        });
        // Faults at start are told by GatewayStart, without their stack traces.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Orleans", LogLevel.Error);
    }

    /// <summary>Adds the boards and what knows of their models.</summary>
    public static void AddHaloCluster(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Console.Out);
        builder.Services.AddSingleton<ClusterStarter>(Starter);
        builder.Services.AddSingleton(services => new ServedModels(
            services.GetRequiredService<GatewayOptions>().Cluster is null ? NamesOf(services.GetRequiredService<HaloClusterOptions>()) : [],
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<RunningCluster>();
        builder.Services.AddSingleton<ModelLoader>();
        builder.Services.AddHostedService<ClusterService>();
    }

    /// <summary>Adds the API.</summary>
    public static void AddHaloApi(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<GatewayMetrics>();
        builder.Services.AddHostedService<LinkMetrics>();
        builder.Services.AddHostedService<SchedulerMetrics>();
        builder.Services.AddSingleton<JsonBody>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<CompletionsApi>();
        builder.Services.AddSingleton<BoardsApi>();
    }

    /// <summary>Gives all errors one form.</summary>
    public static void UseHaloErrors(this WebApplication app)
    {
        app.UseStatusCodePages(ErrorAnswers.WriteStatusAsync);
        app.UseMiddleware<ErrorAnswers>();
    }

    /// <summary>Limits what is at work at once.</summary>
    public static void UseHaloLimits(this WebApplication app) => app.UseRateLimiter();

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", HealthApi.Health);
        app.MapGet("/readyz", HealthApi.ReadyAsync);
    }

    public static void MapModels(this WebApplication app)
    {
        app.MapGet("/v1/models", ModelsApi.List);
        app.MapGet("/v1/models/{*id}", ModelsApi.Get);
    }

    /// <summary>Maps what operators ask of boards.</summary>
    public static void MapBoards(this WebApplication app) => app.MapGet("/v1/boards", (BoardsApi api) => api.ListAsync());

    /// <summary>Maps where boards of other processes ask to be taken in; nothing where no key file lets them take part.</summary>
    public static void MapJoin(this WebApplication app)
    {
        ClusterIdentity identity = app.Services.GetRequiredService<ClusterIdentity>();
        if (identity.Warning is { } warning)
        {
            app.Logger.KeyFile(warning);
        }

        if (identity.Head is { } head)
        {
            ControlServer server = new(head.Key, head.Name, head.Instance, TimeProvider.System, MaxJoinBytes);
            app.MapHaloJoin(server, app.Services.GetRequiredService<RunningCluster>().JoinAsync);
        }
    }

    public static void MapCompletions(this WebApplication app)
    {
        app.MapPost("/v1/completions", (HttpContext context, CompletionsApi api) => api.AnswerAsync(context)).RequireRateLimiting(CompletionLimit);
        app.MapPost("/v1/chat/completions", (HttpContext context, CompletionsApi api) => api.ChatAsync(context)).RequireRateLimiting(CompletionLimit);
    }

    private static ClusterStarter Starter(IServiceProvider services)
    {
        GatewayOptions options = services.GetRequiredService<GatewayOptions>();
        ILoggerFactory logging = services.GetRequiredService<ILoggerFactory>();
        return options.Cluster is { } store
            ? stop => SiloCluster.StartAsync(MembershipStore.Parse(store), options.ClusterId, logging, services.GetRequiredService<TimeProvider>(), stop)
            : stop => InProcessCluster.StartAsync(
                services.GetRequiredService<HaloClusterOptions>(), logging, services.GetRequiredService<ClusterIdentity>().Head, stop);
    }

    private static IReadOnlyList<string> NamesOf(HaloClusterOptions options) =>
        options.Models.Count == 0 ? [BundledModel.Name] : [.. options.Models.Keys.Order(StringComparer.Ordinal)];
}
