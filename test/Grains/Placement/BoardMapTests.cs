using System.Collections.Concurrent;
using Halo.Boards;
using Halo.Grains.Placement;
using Halo.Planning.Profiles;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;

namespace Halo.Grains.Tests.Placement;

/// <summary>What silos say of their boards, read on one of them.</summary>
public sealed class BoardMapTests
{
    [Fact]
    public async Task FindHolder_SeveralHaveTheModel_IsTheFirstByBoardName()
    {
        await using Said said = await Said.ByAsync(Facts("b10", "tales"), Facts("b3", "tales", "other"), Facts("b2", "else"), Facts("b4", "tales"));
        Assert.Equal("b3", said.Map.NameOf(said.Map.FindHolder("tales", said.Silos)!));
        Assert.Equal("b2", said.Map.NameOf(said.Map.FindHolder("else", said.Silos)!));
        Assert.Equal("b10", said.Map.NameOf(said.Map.FindHolder("tales", said.Silos.Where(silo => said.Map.NameOf(silo) == "b10"))!));
        Assert.Null(said.Map.FindHolder("none", said.Silos));
        Assert.Null(said.Map.FindHolder("tales", []));
    }

    [Fact]
    public async Task SiloOf_TwoSilosOfOneName_IsTheFirst()
    {
        await using Said said = await Said.ByAsync(Facts("b1", "tales") with { Instance = "old" });
        SiloAddress old = said.Silos[0];
        await said.AddAsync(Facts("b1", "tales") with { Instance = "new" });
        SiloAddress anew = said.Silos[1];

        Assert.Equal(old, said.Map.SiloOf("b1"));
        Assert.Equal("old", said.Map.FactsOf("b1")!.Instance);
        Assert.Equal(old, said.Map.FindHolder("tales", said.Silos));
        Assert.Equal(2, said.Map.SilosOf("b1").Count);
        Assert.Equal(["b1"], said.Map.ActiveBoards);
        (BoardFacts facts, bool isActive) = Assert.Single(said.Map.All); // the board is one
        Assert.Equal(("old", true), (facts.Instance, isActive));
        Assert.Equal(anew, said.Map.Find("b1", [anew])); // among those offered
        Assert.Equal(old, said.Map.Find("b1", []));
        Assert.Null(said.Map.Find("b2", said.Silos));
    }

    [Fact]
    public async Task KnowsAll_WhileASiloHasNotToldItsBoard_IsFalse()
    {
        await using Said said = await Said.ByAsync(Facts("b1"));
        Assert.True(said.Map.KnowsAll);
        await said.AddAsync(null);
        Assert.False(said.Map.KnowsAll);
        Assert.Equal(["b1"], said.Map.ActiveBoards);
        Assert.Single(said.Map.All);
        Assert.Null(said.Map.NameOf(said.Silos[1]));
    }

    [Fact]
    public async Task All_AfterASiloStopped_HasTheOthersByName()
    {
        await using Said said = await Said.ByAsync(Facts("b10"), Facts("b9"), Facts("b2"));
        Assert.Equal(["b2", "b9", "b10"], said.Map.All.Select(board => board.Facts.Name));
        await said.StopAsync("b9");
        await Eventually.True(() => Task.FromResult(said.Map.All.Count == 2), "b9 to be gone");
        Assert.Equal(["b2", "b10"], said.Map.All.Select(board => board.Facts.Name));
        Assert.Null(said.Map.FactsOf("b9"));
    }

    [Fact]
    public async Task ActiveBoards_OneIsLostWhoseSiloLives_LeavesItOut()
    {
        await using Said said = await Said.ByAsync(Facts("b1"), Facts("b2"));
        using Board board = new(new BoardProfile("b2", 1, 1));
        LocalBoard lost = new(board, new ModelCatalog(new Dictionary<string, string>(), new()));
        said.Directory.Set(lost);
        said.Directory.Lose(lost);
        Assert.Equal(["b1"], said.Map.ActiveBoards);
        Assert.NotNull(said.Map.SiloOf("b2"));
    }

    private static BoardFacts Facts(string name, params string[] models) => new() { Name = name, Models = models };

    /// <summary>Silos that say things of boards and have none.</summary>
    private sealed class Said : IAsyncDisposable
    {
        private readonly ConcurrentQueue<BoardFacts?> _starting = new();
        private readonly InProcessTestCluster _cluster;

        private Said(int count)
        {
            InProcessTestClusterBuilder builder = new((short)count);
            builder.ConfigureSilo((_, silo) => silo.UseSiloMetadata(_starting.TryDequeue(out BoardFacts? facts) && facts is not null ? facts.ToMetadata() : []));
            _cluster = builder.Build();
        }

        internal BoardDirectory Directory { get; } = new();

        internal BoardMap Map
        {
            get
            {
                IServiceProvider first = _cluster.Silos[0].ServiceProvider;
                return new BoardMap(first.GetRequiredService<ISiloStatusOracle>(), first.GetRequiredService<ISiloMetadataCache>(), Directory);
            }
        }

        internal SiloAddress[] Silos => [.. _cluster.Silos.Select(silo => silo.SiloAddress)];

        internal static async Task<Said> ByAsync(params BoardFacts[] facts)
        {
            Said said = new(facts.Length);
            Array.ForEach(facts, said._starting.Enqueue);
            await said._cluster.DeployAsync();
            await Eventually.True(() => Task.FromResult(said.Map.KnowsAll), "all silos to have told");
            return said;
        }

        internal async Task AddAsync(BoardFacts? facts)
        {
            _starting.Enqueue(facts);
            InProcessSiloHandle silo = await _cluster.StartAdditionalSiloAsync();
            await _cluster.WaitForLivenessToStabilizeAsync();
            await Eventually.True(() => Task.FromResult(Map.NameOf(silo.SiloAddress) == facts?.Name), "the silo to have told");
        }

        internal Task StopAsync(string board) => _cluster.StopSiloAsync(_cluster.Silos.Single(silo => silo.SiloAddress.Equals(Map.SiloOf(board))));

        public ValueTask DisposeAsync() => _cluster.DisposeAsync();
    }
}
