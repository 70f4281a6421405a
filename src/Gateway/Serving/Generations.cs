using System.Diagnostics;
using System.Runtime.CompilerServices;
using Halo.Grains;
using Orleans.Runtime;

namespace Halo.Gateway.Serving;

/// <summary>
/// Runs completions. One that has said nothing when a silo is lost is started again: it may have been on its way through that silo, and would never
/// be answered. Whatever was computed for it by then is given up. One that has spoken goes on or fails, as its grain says; where that was lost with
/// its silo it fails.
/// </summary>
internal static class Generations
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(250);

    // What goes on without the lost silo mostly goes on sooner; after that its grain is asked.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3);

    /// <summary>Runs a completion.</summary>
    /// <param name="cluster">Whose grains.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="key">Names the request, without a slash.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<GenerationChunk> RunAsync(
        IServingCluster cluster, GenerationRequest request, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int start = 0; ; start++)
        {
            // Asked for first: a silo that is lost while the request sets out counts.
            Task lost = cluster.SiloLost;
            Attempt attempt = new(cluster, request, start == 0 ? key : $"{key}-{start}", cancellationToken);
            if (await attempt.IsOvertakenAsync(lost))
            {
                attempt.GiveUp();
                continue;
            }

            if (attempt.IsUndelivered && Stopwatch.GetElapsedTime(begin) < s_patience)
            {
                attempt.GiveUp();
                await Task.Delay(s_retry, cancellationToken);
                continue;
            }

            await using (attempt)
            {
                while (await attempt.MoveNextAsync(cluster))
                {
                    yield return attempt.Current;
                }

                yield break;
            }
        }
    }

    private sealed class Attempt : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end;
        private readonly IGenerationGrain _grain;
        private readonly IAsyncEnumerator<GenerationChunk> _chunks;
        private Task<bool>? _next; // the next chunk, where it has been asked for
        private bool _isGivenUp;

        internal Attempt(IServingCluster cluster, GenerationRequest request, string key, CancellationToken cancellationToken)
        {
            _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _grain = cluster.Grains.GetGrain<IGenerationGrain>(GrainKeys.Generation(request.Model, key));
            _chunks = _grain.GenerateAsync(request, _end.Token).GetAsyncEnumerator(_end.Token);
            _next = _chunks.MoveNextAsync().AsTask();
        }

        internal GenerationChunk Current => _chunks.Current;

        /// <summary>Whether something happened before the first chunk came, or the end.</summary>
        internal async Task<bool> IsOvertakenAsync(Task lost) => await Task.WhenAny(_next!, lost) == lost && !_next!.IsCompleted;

        /// <summary>Whether the engine could not take it to its grain: until silos agree that one is dead, they call it in vain.</summary>
        internal bool IsUndelivered => _next!.Exception?.InnerException is OrleansException;

        /// <exception cref="ModelUnavailableException">A silo was lost, and the completion with it.</exception>
        internal async Task<bool> MoveNextAsync(IServingCluster cluster)
        {
            Task lost = cluster.SiloLost;
            _next ??= _chunks.MoveNextAsync().AsTask();
            if (await Task.WhenAny(_next, lost) == lost && await Task.WhenAny(_next, Task.Delay(s_silence)) != _next && !await IsRunningAsync())
            {
                GiveUp();
                throw new ModelUnavailableException(ModelFault.Failed, "A board was lost, and the completion with it: ask again.");
            }

            Task<bool> next = _next;
            _next = null;
            return await next;
        }

        /// <summary>Lets it end by itself: the silo that would have to answer may never.</summary>
        internal void GiveUp()
        {
            _isGivenUp = true;
            _ = EndAsync();
        }

        public ValueTask DisposeAsync() => _isGivenUp ? ValueTask.CompletedTask : CloseAsync();

        // A long prompt may be computed again on the boards that are left, and say nothing for a while.
        private async Task<bool> IsRunningAsync()
        {
            try
            {
                return await _grain.IsRunningAsync().WaitAsync(s_silence);
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException)
            {
                return false;
            }
        }

        private async ValueTask CloseAsync()
        {
            await _chunks.DisposeAsync();
            _end.Dispose();
        }

        private async Task EndAsync()
        {
            await _end.CancelAsync();
            try
            {
                await _next!;
                await CloseAsync();
            }
            catch (Exception)
            {
                // Nobody waits for it any more.
            }
        }
    }
}
