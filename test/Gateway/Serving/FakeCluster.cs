using System.Runtime.CompilerServices;
using System.Text;
using Halo.Grains;
using Halo.Inference.Templates;
using Halo.Inference.Tokenization;
using Halo.Planning.Assignment;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>A cluster whose grains do what a test says. Its tokenizer knows bytes; its context is 100 tokens.</summary>
internal sealed class FakeCluster : IServingCluster, IModelGrain, ISchedulerGrain, ITokenizer
{
    public const int ContextLength = 100;

    /// <summary>What a model grain answers when it is asked to be ready.</summary>
    public Func<Task> Load { get; set; } = () => Task.CompletedTask;

    /// <summary>What a generation grain does.</summary>
    public Func<GenerationRequest, CancellationToken, IAsyncEnumerable<GenerationChunk>> Generate { get; set; } = (_, _) => Chunks("ok");

    public SchedulerStatistics Statistics { get; set; } = new(0, 0, 0, 0, 0);

    /// <summary>The boards; b1 is the head board.</summary>
    public IReadOnlyList<BoardView> Boards { get; set; } = [new BoardView("b1", null, BoardState.Alive, null, 2, 10e9, 1_000_000, null, 0)];

    /// <summary>What a board's grain answers: board, model.</summary>
    public Func<string, string, Task<BoardStatistics>> BoardStatistics { get; set; } =
        (board, _) => Task.FromResult(new BoardStatistics(board, 0, 0, 0, 0, 0, 0));

    /// <summary>What a board's grain tells of links: board, model.</summary>
    public Func<string, string, Task<BoardLinks>> BoardLinks { get; set; } =
        (board, _) => Task.FromResult(new BoardLinks(board, null, null, null, null, []));

    /// <summary>What becomes of a board that wants to join: name, process, address.</summary>
    public Func<string, string, Uri, string?> Join { get; set; } = (_, _, _) => null;

    /// <summary>Boards that were named and do not answer.</summary>
    public IReadOnlyList<BoardView> Missing { get; set; } = [];

    /// <summary>How often the model was to be made ready.</summary>
    public int Loads { get; private set; }

    public bool IsDisposed { get; private set; }

    public bool BoardsMayCome { get; set; }

    public bool ModelsMayCome { get; set; }

    public IReadOnlyList<string> ModelNames { get; set; } = [];

    /// <summary>Whether a generation grain says that its completion runs.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Ends when a silo is lost.</summary>
    public Task SiloLost { get; set; } = new TaskCompletionSource().Task;

    public IGrainFactory Grains => FakeGrainFactory.Of(this);

    public int VocabularySize => 256;

    public int BosToken => -1;

    public int EosToken => -1;

    public bool AddBos => false;

    public bool AddSpacePrefix => false;

    public IReadOnlySet<int> EndTokens { get; } = new HashSet<int>();

    public static async IAsyncEnumerable<GenerationChunk> Chunks(params string[] texts)
    {
        foreach (string text in texts)
        {
            await Task.Yield();
            yield return new GenerationChunk { Text = text };
        }

        yield return Last;
    }

    public static GenerationChunk Last { get; } = new() { Text = "", FinishReason = "length", PromptTokenCount = 3, CompletionTokenCount = 2 };

    public Task<IServingCluster> StartAsync(CancellationToken cancellationToken) => Task.FromResult<IServingCluster>(this);

    public bool IsHead(BoardView board) => board.Name == "b1" && board.Address is null;

    public ITokenizer? TokenizerOf(string model) => this;

    public ChatTemplate? TemplateOf(string model) => null;

    public Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken) => Task.FromResult(Missing);

    public Task<string?> JoinAsync(string name, string instance, Uri address) => Task.FromResult(Join(name, instance, address));

    public object Grain(Type contract, string key) =>
        contract == typeof(IGenerationGrain) ? new Generation(this) : contract == typeof(IBoardGrain) ? new BoardOf(this, key) : this;

    public async Task<ModelStatus> EnsureReadyAsync()
    {
        Loads++;
        await Load();
        return new ModelStatus("halo-tales", ContextLength, 1, "b1");
    }

    public Task<PlanDocument> GetPlanAsync() => Task.FromResult(PlanDocument.Of(new Plan
    {
        Version = 1,
        Model = "halo-tales",
        Boards = ["b1"],
        HeadBoard = "b1",
        KvPositions = 100,
        Shards = [],
    }));

    public Task<PlanDocument> MoveShardAsync(string shard, string board) => throw new NotSupportedException();

    public Task ReviewPlanAsync() => throw new NotSupportedException();

    public Task DrainAsync() => throw new NotSupportedException();

    public Task WithdrawBoardAsync(string board) => throw new NotSupportedException();

    public Task ReportFailureAsync(int planVersion) => throw new NotSupportedException();

    public IAsyncEnumerable<TokenEvent> RunAsync(SequenceRequest request, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task SwitchPlanAsync(int version, string[] movedShards) => throw new NotSupportedException();

    public Task<SchedulerStatistics> GetStatisticsAsync() => Task.FromResult(Statistics);

    public int[] Encode(string text, bool addBos, bool parseSpecial = false) => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];

    public ReadOnlySpan<byte> TokenBytes(int token) => new[] { (byte)token };

    public string TokenText(int token) => $"<0x{token:X2}>";

    public string Decode(ReadOnlySpan<int> tokens) => throw new NotSupportedException();

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    private sealed class BoardOf(FakeCluster cluster, string name) : IBoardGrain
    {
        public Task<BoardStatistics> GetStatisticsAsync(string model) => cluster.BoardStatistics(name, model);

        public Task<BoardLinks> GetLinksAsync(string model) => cluster.BoardLinks(name, model);

        public Task<BoardCapabilities> GetCapabilitiesAsync() => throw new NotSupportedException();

        public Task<int> GetNewestPlanVersionAsync(string model) => throw new NotSupportedException();

        public Task PreparePlanAsync(PlanDocument plan) => throw new NotSupportedException();

        public Task CommitPlanAsync(string model, int version) => throw new NotSupportedException();

        public Task RetirePlansAsync(string model, int committedVersion) => throw new NotSupportedException();

        public Task AbandonPlanAsync(string model, int version) => throw new NotSupportedException();
    }

    private sealed class Generation(FakeCluster cluster) : IGenerationGrain
    {
        public Task<bool> IsRunningAsync() => Task.FromResult(cluster.IsRunning);

        public async IAsyncEnumerable<GenerationChunk> GenerateAsync(
            GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await foreach (GenerationChunk chunk in cluster.Generate(request, cancellationToken).WithCancellation(cancellationToken))
            {
                yield return chunk;
            }
        }
    }
}
