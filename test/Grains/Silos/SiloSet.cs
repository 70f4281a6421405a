using System.Collections.Concurrent;
using System.Text;
using Halo.Boards;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Halo.Inference.Model;
using Halo.Planning.Profiles;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.TestingHost;

namespace Halo.Grains.Tests.Silos;

/// <summary>Silos as processes of boards would be: each says what its board is and which models it has, and may come and go.</summary>
internal sealed class SiloSet : IAsyncDisposable
{
    internal const string Model = "tales";

    private readonly ConcurrentQueue<BoardFacts> _starting = new();
    private readonly Dictionary<string, IBoard> _boards = [];
    private readonly Dictionary<string, InProcessSiloHandle> _silos = [];
    private readonly ModelCatalog _models;
    private readonly ModelCatalog _none = new(new Dictionary<string, string>(), new StepLimits());
    private readonly BoardHost _host;
    private readonly InProcessTestCluster _cluster;

    private SiloSet(PlanOptions options, string? file, Func<IBoard, IBoard>? change, string[] names)
    {
        _models = new ModelCatalog(new Dictionary<string, string> { [Model] = file ?? BundledModel.Path }, new StepLimits());
        _host = new BoardHost([.. names.Select(name => new Board(new BoardProfile(name, 1e9, 1L << 30)))], threads: 1);
        BoardDirectory directory = new();
        foreach (Board board in _host.Boards)
        {
            LocalBoard local = new(board, _models);
            _boards[board.Name] = change?.Invoke(local) ?? local;
            directory.Set(_boards[board.Name]);
        }

        InProcessTestClusterBuilder builder = new((short)names.Length);
        builder.ConfigureSilo((_, silo) =>
        {
            _starting.TryDequeue(out BoardFacts? facts);
            silo.AddHaloGrains(facts!, _boards[facts!.Name], directory, _host, facts.Models.Count > 0 ? _models : _none, options);
            silo.Services.AddSingleton<IStepSessions, InProcessSessions>();
            silo.Services.AddSingleton<ITransportFactory, InProcessTransportFactory>();
        });
        _cluster = builder.Build();
    }

    internal IGrainFactory Grains => _cluster.Client;

    /// <summary>What the silo that has run longest knows of the boards.</summary>
    private BoardMap Map => _cluster.Silos[0].ServiceProvider.GetRequiredService<BoardMap>();

    internal IModelGrain ModelGrain => Grains.GetGrain<IModelGrain>(Model);

    /// <summary>Starts a silo for each board.</summary>
    /// <param name="options">What is asked of plans.</param>
    /// <param name="boards">The boards' names; those that end in <c>*</c>, which is not part of them, have the model's file.</param>
    /// <param name="file">The model; the bundled one where it is left out.</param>
    /// <param name="change">Puts something around each board.</param>
    internal static async Task<SiloSet> StartAsync(PlanOptions options, string[] boards, string? file = null, Func<IBoard, IBoard>? change = null)
    {
        string[] names = [.. boards.Select(board => board.TrimEnd('*'))];
        SiloSet set = new(options, file, change, names);
        foreach (string board in boards)
        {
            set._starting.Enqueue(Facts(board));
        }

        await set._cluster.DeployAsync();
        BoardMap map = set.Map;
        await Eventually.True(() => Task.FromResult(map.ActiveBoards.Count == names.Length), "all silos to have told of their boards");
        foreach (InProcessSiloHandle silo in set._cluster.Silos)
        {
            set._silos[map.NameOf(silo.SiloAddress)!] = silo;
        }

        return set;
    }

    /// <summary>Starts a silo for a board whose silo has ended.</summary>
    internal async Task StartAsync(string board)
    {
        _starting.Enqueue(Facts(board));
        string name = board.TrimEnd('*');
        _silos[name] = await _cluster.StartAdditionalSiloAsync();
        await Eventually.True(() => Task.FromResult(Map.SiloOf(name) is not null), $"{name} to be known");
    }

    /// <summary>Stops a board's silo as a process that is asked to end does.</summary>
    internal async Task StopAsync(string board)
    {
        await _cluster.StopSiloAsync(Take(board));
        await Eventually.True(() => Task.FromResult(Map.SiloOf(board) is null), $"{board} to be gone");
    }

    /// <summary>Ends a board's silo without a word, and what runs on the board.</summary>
    internal async Task KillAsync(string board)
    {
        await _cluster.KillSiloAsync(Take(board));
        await Eventually.True(() => Task.FromResult(Map.SiloOf(board) is null), $"{board} to be gone");
        _host.LoseBoard(board, $"Board {board} is lost: its silo is dead.");
    }

    /// <summary>A greedy completion.</summary>
    internal async Task<string> TextAsync(int count, Func<int, Task>? afterToken = null)
    {
        StringBuilder text = new();
        int chunks = 0;
        string key = GrainKeys.Generation(Model, Guid.NewGuid().ToString("N"));
        await foreach (GenerationChunk chunk in Grains.GetGrain<IGenerationGrain>(key).GenerateAsync(Completions.Greedy(Model, "Once upon a time", count)))
        {
            text.Append(chunk.Text);
            await (afterToken?.Invoke(++chunks) ?? Task.CompletedTask);
        }

        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_host.StopRunners);
        await _cluster.DisposeAsync();
        _host.Dispose();
        _models.Dispose();
        _none.Dispose();
    }

    private static BoardFacts Facts(string board) => new()
    {
        Name = board.TrimEnd('*'),
        Instance = "i",
        Control = new Uri($"http://{board.TrimEnd('*')}.local:5100"),
        StreamPort = 5101,
        Cores = 3,
        BytesPerSecond = 1e9,
        MemoryBytes = 1L << 30,
        Models = board.EndsWith('*') ? [Model] : [],
    };

    private InProcessSiloHandle Take(string board)
    {
        _silos.Remove(board, out InProcessSiloHandle? silo);
        return silo!;
    }
}
