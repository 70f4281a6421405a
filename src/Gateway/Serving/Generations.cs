using System.Runtime.CompilerServices;
using Halo.Grains;

namespace Halo.Gateway.Serving;

/// <summary>
/// Runs completions. One that has said nothing when a silo is lost is started again: it may have been on its way through that silo, and would never
/// be answered. Whatever was computed for it by then is given up. One that has spoken goes on or fails, as its grain says.
/// </summary>
internal static class Generations
{
    /// <summary>Runs a completion.</summary>
    /// <param name="cluster">Whose grains.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="key">Names the request, without a slash.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<GenerationChunk> RunAsync(
        IServingCluster cluster, GenerationRequest request, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
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

            await using (attempt)
            {
                while (await attempt.MoveNextAsync())
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
        private readonly IAsyncEnumerator<GenerationChunk> _chunks;
        private Task<bool>? _first;

        internal Attempt(IServingCluster cluster, GenerationRequest request, string key, CancellationToken cancellationToken)
        {
            _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            IGenerationGrain grain = cluster.Grains.GetGrain<IGenerationGrain>(GrainKeys.Generation(request.Model, key));
            _chunks = grain.GenerateAsync(request, _end.Token).GetAsyncEnumerator(_end.Token);
            _first = _chunks.MoveNextAsync().AsTask();
        }

        internal GenerationChunk Current => _chunks.Current;

        /// <summary>Whether something happened before the first chunk came, or the end.</summary>
        internal async Task<bool> IsOvertakenAsync(Task lost) => await Task.WhenAny(_first!, lost) == lost && !_first!.IsCompleted;

        internal async ValueTask<bool> MoveNextAsync()
        {
            Task<bool>? first = _first;
            _first = null;
            return await (first ?? _chunks.MoveNextAsync().AsTask());
        }

        /// <summary>Lets it end by itself: the silo that would have to answer may never.</summary>
        internal void GiveUp() => _ = EndAsync();

        public async ValueTask DisposeAsync()
        {
            await _chunks.DisposeAsync();
            _end.Dispose();
        }

        private async Task EndAsync()
        {
            await _end.CancelAsync();
            try
            {
                await _first!;
                await DisposeAsync();
            }
            catch (Exception)
            {
                // Nobody waits for it any more.
            }
        }
    }
}
