using Halo.Boards;
using Halo.Boards.Remote;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Grains.Layers;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;

namespace Halo.Silo;

/// <summary>Makes a silo one that carries a board.</summary>
public static class HaloSiloExtensions
{
    /// <summary>Adds what Halo's grains need on a board's silo.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="board">The board that this silo stands for.</param>
    /// <param name="boards">All boards of the cluster.</param>
    /// <param name="host">The boards of this process.</param>
    /// <param name="models">The models that can be served.</param>
    /// <param name="options">Transport and plan options.</param>
    public static ISiloBuilder AddHaloSilo(this ISiloBuilder silo, IBoard board, BoardDirectory boards, BoardHost host, ModelCatalog models, HaloClusterOptions options)
    {
        silo.AddHaloExceptions();
        silo.UseSiloMetadata(new Dictionary<string, string> { [BoardMap.BoardKey] = board.Name });
        silo.AddPlacementDirector<NeuronShardPlacement, NeuronShardPlacementDirector>();
        silo.AddPlacementDirector<BoardPlacement, BoardPlacementDirector>();
        silo.AddPlacementDirector<HeadBoardPlacement, HeadBoardPlacementDirector>();
        silo.Services.AddSingleton<PlanCatalog>();
        silo.Services.AddSingleton<BoardMap>();
        silo.Services.AddSingleton(new PlanOptions
        {
            KvPositions = options.KvPositions,
            HeadBoard = host.Boards[0].Name,
            HeadHoldsShards = options.HeadHoldsShards,
        });
        AddSessions(silo.Services, options);

        // The process owns these and outlives its silos, so their containers must not dispose of them: instances are left alone.
        silo.Services.AddSingleton(board);
        silo.Services.AddSingleton(boards);
        silo.Services.AddSingleton(host);
        silo.Services.AddSingleton(models);
        return silo;
    }

    /// <summary>
    /// Lets Halo's exceptions cross grain calls with their type and message, although the rooms that throw them do not know the engine.
    /// Parts of their own stay behind, save where an exception is marked for crossing.
    /// </summary>
    /// <param name="silo">The silo.</param>
    public static ISiloBuilder AddHaloExceptions(this ISiloBuilder silo)
    {
        silo.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add("Halo."));
        return silo;
    }

    private static void AddSessions(IServiceCollection services, HaloClusterOptions options)
    {
        if (options.IsNetworked)
        {
            SessionTransport how = new(options.Topology, options.WireType, options.Transport == TransportKind.Datagram ? options.Policy : null)
            {
                CriticalBoards = options.CriticalBoards,
                DeadlineLimit = options.DeadlineLimit,
            };
            services.AddSingleton<IStepSessions>(provider => new NetworkSessions(
                provider.GetRequiredService<BoardHost>(), provider.GetRequiredService<BoardDirectory>(), how, FrameCipherMeter.Fastest(),
                new UdpPort(options.UdpPort ?? 0, IsRequired: options.UdpPort > 0), provider.GetRequiredService<ILogger<NetworkSessions>>()));
            return;
        }

        services.AddSingleton<IStepSessions, InProcessSessions>();
        switch (options.Transport)
        {
            case TransportKind.GrainCall:
                services.AddSingleton<ITransportFactory, GrainCallTransportFactory>();
                break;
            case TransportKind.Stream:
                services.AddSingleton<ITransportFactory>(new StreamTransportFactory(new StreamOptions(options.Topology, options.WireType)));
                break;
            case TransportKind.Datagram:
                services.AddSingleton<ITransportFactory>(new DatagramTransportFactory(new DatagramOptions(options.Topology, options.WireType, options.Policy)
                {
                    CriticalBoards = options.CriticalBoards,
                    DeadlineLimit = options.DeadlineLimit,
                }));
                break;
            default:
                services.AddSingleton<ITransportFactory, InProcessTransportFactory>();
                break;
        }
    }
}
