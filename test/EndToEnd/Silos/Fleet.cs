using System.Diagnostics;
using Halo.EndToEnd.Tests.Boards;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos b1, b2, … and a gateway, each a process of its own. The first two have the model's file, the others none.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const int Holders = 2;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, SiloProgram> _silos = [];
    private readonly List<SiloProgram> _ended = [];
    private GatewayProgram? _gateway;

    private Fleet(string? store) => Store = store ?? Folder.PathOf("members.db");

    /// <summary>The cluster's key and caches.</summary>
    internal ClusterFolder Folder { get; } = new();

    /// <summary>Where the membership is kept.</summary>
    internal string Store { get; }

    internal GatewayProgram Gateway => _gateway!;

    /// <summary>The silos, by their names.</summary>
    internal IReadOnlyDictionary<string, SiloProgram> Silos => _silos;

    /// <summary>Starts silos, then a gateway, and waits until all boards serve.</summary>
    /// <param name="count">Silos.</param>
    /// <param name="store">Where the membership is kept; null for a SQLite file.</param>
    /// <param name="more">Further arguments of every silo.</param>
    internal static Task<Fleet> StartAsync(int count = 3, string? store = null, params string[] more) =>
        StartAsync(store, fleet => Enumerable.Range(1, count).Select(number => fleet.Describe(number) with { More = more }), GatewayProgram.StartAsync);

    /// <summary>As <see cref="StartAsync(int, string?, string[])"/>, with silos and a gateway of the test's own making.</summary>
    internal static async Task<Fleet> StartAsync(string? store, Func<Fleet, IEnumerable<SiloStart>> silos, GatewayStarter gateway)
    {
        Fleet fleet = new(store);
        try
        {
            SiloProgram[] started = [.. silos(fleet).Select(SiloProgram.Launch)];
            foreach (SiloProgram silo in started)
            {
                fleet._silos[silo.Name] = silo;
            }

            await Task.WhenAll(started.Select(silo => silo.Program.UntilAsync(() => Task.FromResult(silo.JoinCount > 0), $"silo {silo.Name} to join")));
            fleet._gateway = await gateway(null, "--cluster", fleet.Store);
            await fleet.AllServeAsync(s_start);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>How the silo of a number is started.</summary>
    internal SiloStart Describe(int number) => new()
    {
        Name = $"b{number}",
        KeyFile = Folder.KeyFile,
        Store = Store,
        Cache = Folder.CacheOf($"b{number}"),
        HasModel = number <= Holders,
    };

    /// <summary>Starts one more silo.</summary>
    internal async Task<SiloProgram> AddAsync(SiloStart start) => _silos[start.Name] = await SiloProgram.StartAsync(start);

    /// <summary>Starts a silo that has ended again, under its name.</summary>
    internal Task<SiloProgram> RestartAsync(string name, bool otherPorts = false)
    {
        SiloProgram before = _silos[name];
        _ended.Add(before);
        return AddAsync(otherPorts ? before.Start with { Ports = SiloPorts.Free() } : before.Start);
    }

    /// <summary>The boards as operators see them, by name.</summary>
    internal async Task<IReadOnlyDictionary<string, BoardSight>> LookAsync() =>
        (await Gateway.BoardsAsync()).ToDictionary(board => board.Key, board => BoardSight.Of(board.Value));

    /// <summary>The head board's name.</summary>
    internal async Task<string> HeadAsync() => (await LookAsync()).Values.Single(board => board.IsHead).Name;

    /// <summary>The plan that all boards step under.</summary>
    internal async Task<int> PlanVersionAsync() => (await LookAsync()).Values.Where(board => board.State == "alive").Select(board => board.PlanVersion).Distinct().Single();

    /// <summary>Waits until every silo that runs has a part in one plan.</summary>
    /// <returns>How long it took.</returns>
    internal Task<TimeSpan> AllServeAsync(TimeSpan limit) => UntilAsync(
        boards => _silos.Keys.All(name => boards.TryGetValue(name, out BoardSight? board) && board.Serves)
            && _silos.Keys.Select(name => boards[name].PlanVersion).Distinct().Count() == 1
            && boards.Values.Count(board => board.IsHead) == 1,
        limit,
        $"{string.Join(", ", _silos.Keys)} to serve under one plan");

    /// <summary>Looks again and again until a condition holds.</summary>
    /// <returns>How long it took.</returns>
    internal async Task<TimeSpan> UntilAsync(Func<IReadOnlyDictionary<string, BoardSight>, bool> condition, TimeSpan limit, string awaited)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyDictionary<string, BoardSight> boards = await LookAsync();
            TimeSpan elapsed = Stopwatch.GetElapsedTime(begin);
            if (condition(boards))
            {
                return elapsed;
            }

            if (elapsed > limit)
            {
                throw new TimeoutException($"Waited {limit.TotalSeconds:0} s for {awaited}; now there are\n{string.Join('\n', boards.Values)}\n{Logs()}");
            }

            await Task.Delay(s_poll);
        }
    }

    /// <summary>What the processes have said, for messages.</summary>
    internal string Logs() => string.Join('\n', _silos.Values
        .Select(silo => $"--- {silo.Name}\n{silo.Program.Output}{silo.Program.Errors}")
        .Append($"--- gateway\n{_gateway?.Program.Output}{_gateway?.Program.Errors}"));

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        foreach (SiloProgram silo in _silos.Values.Concat(_ended))
        {
            await silo.DisposeAsync();
        }

        Folder.Dispose();
    }
}
