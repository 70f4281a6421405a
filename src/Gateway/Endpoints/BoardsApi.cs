using Halo.Gateway.Contracts;
using Halo.Gateway.Serving;
using Halo.Grains;
using Halo.Silo.Membership;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Halo.Gateway.Endpoints;

/// <summary><c>GET /v1/boards</c>: which boards there are, how they stand to the service, and what they hold.</summary>
internal sealed class BoardsApi
{
    // A board that does not answer must not hold up the answer about the others.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly RunningCluster _running;
    private readonly ServedModels _models;
    private readonly TimeProvider _time;

    public BoardsApi(RunningCluster running, ServedModels models, TimeProvider time)
    {
        _running = running;
        _models = models;
        _time = time;
    }

    /// <summary>All boards, those of this process first.</summary>
    /// <exception cref="ApiException">The boards do not run yet, or no more.</exception>
    public async Task<JsonHttpResult<BoardList>> ListAsync()
    {
        IServingCluster cluster = _running.Current;
        BoardEntry[] entries = await Task.WhenAll(cluster.Boards.Select(board => DescribeAsync(cluster, board)));
        return TypedResults.Json(new BoardList(entries), GatewayJson.Of<BoardList>());
    }

    private async Task<BoardEntry> DescribeAsync(IServingCluster cluster, BoardView board) => new()
    {
        Name = board.Name,
        Address = board.Address?.GetLeftPart(UriPartial.Authority),
        State = board.State.ToString().ToLowerInvariant(),
        Reason = board.Reason,
        Cores = board.Cores,
        GigabytesPerSecond = Math.Round(board.BytesPerSecond / 1e9, 3),
        MemoryBytes = board.MemoryBytes,
        RoundTripMs = board.RoundTrip is { } roundTrip ? Math.Round(roundTrip.TotalMilliseconds, 3) : null,
        LossRate = board.LossRate,
        IsHead = cluster.IsHead(board),
        Models = board.State is BoardState.Alive or BoardState.Suspect ? await ModelsOfAsync(cluster, board.Name) : [],
    };

    private async Task<IReadOnlyList<BoardModelEntry>?> ModelsOfAsync(IServingCluster cluster, string board)
    {
        IBoardGrain grain = cluster.Grains.GetGrain<IBoardGrain>(board);
        try
        {
            BoardModelEntry[] models = await Task.WhenAll(_models.Names.Select(name => DescribeAsync(grain, name))).WaitAsync(s_patience, _time);
            return [.. models.Where(model => model is not { Shards: 0, ReceivedWeightBytes: 0, PlanVersion: 0 })];
        }
        catch (Exception)
        {
            return null; // frozen, or lost a moment ago
        }
    }

    private static async Task<BoardModelEntry> DescribeAsync(IBoardGrain board, string model)
    {
        Task<BoardLinks> asking = board.GetLinksAsync(model);
        BoardStatistics held = await board.GetStatisticsAsync(model);
        BoardLinks links = await asking;
        return new BoardModelEntry(
            model, held.ShardCount, held.SequenceCount, held.KvBytes, held.ReceivedWeightBytes, held.PlanVersion,
            links.Transport, links.Topology, links.Policy, links.Note, links.Links);
    }
}
