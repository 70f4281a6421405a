using System.Collections.Concurrent;
using System.Diagnostics;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>What became of a request.</summary>
/// <param name="Took">From asking to the whole answer.</param>
/// <param name="Fault">What was wrong with the answer; null where nothing was.</param>
internal sealed record Answer(TimeSpan Took, string? Fault);

/// <summary>Completions that are asked for one right after the other, until it is disposed of, each from as many callers as there are.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>How long a request is waited for.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int TokenCount = 30;

    private readonly GatewayProgram _gateway;
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _running;

    internal Traffic(GatewayProgram gateway, int callers = 1)
    {
        _gateway = gateway;
        _running = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>All answers so far.</summary>
    internal IReadOnlyList<Answer> Answers => [.. _answers];

    /// <summary>What went wrong so far.</summary>
    internal IReadOnlyList<string> Faults => [.. _answers.Select(answer => answer.Fault).OfType<string>()];

    /// <summary>The longest that an answer took.</summary>
    internal TimeSpan Longest => _answers.Select(answer => answer.Took).DefaultIfEmpty().Max();

    /// <summary>Asks once.</summary>
    internal static async Task<Answer> AskAsync(GatewayProgram gateway, int tokens = TokenCount)
    {
        long begin = Stopwatch.GetTimestamp();
        string? fault = null;
        using CancellationTokenSource patience = new(Patience);
        try
        {
            (bool succeeded, string body) = await gateway.AskAsync(tokens, patience.Token);
            fault = succeeded && Story.IsBeginning(GatewayProgram.TextOf(body), tokens) ? null : body;
        }
        catch (Exception thrown) when (thrown is HttpRequestException or OperationCanceledException)
        {
            fault = thrown.Message;
        }

        return new Answer(Stopwatch.GetElapsedTime(begin), fault);
    }

    /// <summary>Lets what runs end, and asks no more.</summary>
    internal async Task StopAsync()
    {
        await _ending.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            _answers.Enqueue(await AskAsync(_gateway));
        }
    }
}
