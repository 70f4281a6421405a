using System.Collections.Concurrent;
using Halo.Grains;
using Orleans.Runtime;

namespace Halo.Gateway.Serving;

/// <summary>
/// Whether completions can be served right now. Having loaded once is not enough: the model grain is asked again, which brings back lost
/// shards, and steps must move on where sequences are running.
/// </summary>
internal sealed class Readiness
{
    private static readonly TimeSpan s_answerDeadline = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Progress> _progress = new(StringComparer.Ordinal);
    private readonly ServedModels _models;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;

    public Readiness(ServedModels models, GatewayOptions options, TimeProvider time)
    {
        _models = models;
        _options = options;
        _time = time;
    }

    /// <summary>Why the service is not ready; null where it is.</summary>
    public async Task<string?> FaultAsync()
    {
        if (_models.Fault is { } fault)
        {
            return fault;
        }

        foreach (ServedModel model in _models.Ready)
        {
            if (await FaultOfAsync(model) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private async Task<string?> FaultOfAsync(ServedModel model)
    {
        try
        {
            await model.Grains.GetGrain<IModelGrain>(model.Name).EnsureReadyAsync().WaitAsync(s_answerDeadline, _time);
            return StallOf(model.Name, await model.Grains.GetGrain<ISchedulerGrain>(model.Name).GetStatisticsAsync().WaitAsync(s_answerDeadline, _time));
        }
        catch (TimeoutException)
        {
            return $"{model.Name} did not answer within {s_answerDeadline.TotalSeconds:F0} s.";
        }
        catch (Exception fault) when (fault is ModelUnavailableException or OrleansException)
        {
            return fault.Message;
        }
    }

    // Seen from one question to the next: a stall is noticed once two are far enough apart with no step between them.
    private string? StallOf(string model, SchedulerStatistics statistics)
    {
        long now = _time.GetTimestamp();
        bool idle = statistics.RunningCount + statistics.WaitingCount == 0;
        Progress last = _progress.AddOrUpdate(
            model,
            _ => new Progress(statistics.StepCount, now),
            (_, before) => idle || before.StepCount != statistics.StepCount ? new Progress(statistics.StepCount, now) : before);
        TimeSpan still = _time.GetElapsedTime(last.Since, now);
        return still <= _options.StallDeadline
            ? null
            : $"{model} has {statistics.RunningCount} sequences running and {statistics.WaitingCount} waiting, but no step ended for {still.TotalSeconds:F0} s.";
    }

    private sealed record Progress(long StepCount, long Since);
}
