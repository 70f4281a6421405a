using System.Threading.Channels;
using Halo.Gateway.Contracts;
using Halo.Gateway.Serving;
using Halo.Grains;

namespace Halo.Gateway.Streaming;

/// <summary>
/// A request's choices, each run by a generation grain of its own, as one stream of pieces in the order in which they come. The first fault
/// ends all. Disposing cancels what still runs and waits for it: nothing outlives the request.
/// </summary>
internal sealed class ChoiceStreams : IAsyncDisposable
{
    // Few: a client that reads slowly shall hold back its own choices, and not have its text pile up here.
    private const int PiecesHeld = 64;

    private readonly Channel<ChoicePiece> _pieces = Channel.CreateBounded<ChoicePiece>(new BoundedChannelOptions(PiecesHeld) { SingleReader = true });
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;

    private ChoiceStreams(CompletionJob job, ServedModel model, string requestId, CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _running = RunAsync(job, model, requestId);
    }

    /// <summary>The pieces; reading throws the first fault of a choice.</summary>
    public ChannelReader<ChoicePiece> Pieces => _pieces.Reader;

    /// <summary>Starts all choices of a request.</summary>
    public static ChoiceStreams Start(CompletionJob job, ServedModel model, string requestId, CancellationToken cancellationToken) =>
        new(job, model, requestId, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CompletionJob job, ServedModel model, string requestId)
    {
        await Task.WhenAll(Enumerable.Range(0, job.ChoiceCount).Select(index => RunChoiceAsync(job, model, requestId, index)));
        _pieces.Writer.TryComplete();
    }

    private async Task RunChoiceAsync(CompletionJob job, ServedModel model, string requestId, int index)
    {
        try
        {
            bool finished = false;
            await foreach (GenerationChunk chunk in model.GenerateAsync(job.ForChoice(model.Name, index), $"{requestId}-{index}", _stop.Token))
            {
                finished = chunk.FinishReason is not null;
                await _pieces.Writer.WriteAsync(new ChoicePiece(index, chunk), _stop.Token);
            }

            if (!finished)
            {
                throw new InvalidOperationException($"Choice {index} ended without a reason.");
            }
        }
        catch (Exception fault)
        {
            // Of several only the first is told; the others are mostly the cancellation that it caused.
            _pieces.Writer.TryComplete(fault);
            await _stop.CancelAsync();
        }
    }
}

/// <summary>What one choice has to add.</summary>
internal readonly record struct ChoicePiece(int Index, GenerationChunk Chunk)
{
    /// <summary>Whether it tells a stream's reader anything.</summary>
    public bool IsWorthAnEvent => Chunk.Text.Length > 0 || Chunk.Tokens.Length > 0 || Chunk.FinishReason is not null;
}
