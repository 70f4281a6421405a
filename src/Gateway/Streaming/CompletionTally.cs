using Halo.Gateway.Contracts;

namespace Halo.Gateway.Streaming;

/// <summary>Counts a request's tokens, and times its choices for the metrics.</summary>
internal sealed class CompletionTally
{
    private readonly GatewayMetrics _metrics;
    private readonly long _begin = TimeProvider.System.GetTimestamp();
    private readonly long[] _first; // by choice; 0 before its first piece
    private readonly int _choicesPerPrompt;
    private int _promptTokens;
    private int _completionTokens;

    public CompletionTally(CompletionJob job, GatewayMetrics metrics)
    {
        _metrics = metrics;
        _first = new long[job.ChoiceCount];
        _choicesPerPrompt = job.ChoicesPerPrompt;
    }

    /// <summary>Tokens of the choices that have finished.</summary>
    public Usage Usage => new(_promptTokens, _completionTokens);

    /// <summary>Time since the request.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_begin);

    /// <summary>Takes note of a piece.</summary>
    public void Add(ChoicePiece piece)
    {
        long now = TimeProvider.System.GetTimestamp();
        if (_first[piece.Index] == 0)
        {
            _first[piece.Index] = now;
            _metrics.FirstPiece(TimeProvider.System.GetElapsedTime(_begin, now));
        }

        if (piece.Chunk.FinishReason is not null)
        {
            Finish(piece, TimeProvider.System.GetElapsedTime(_first[piece.Index], now));
        }
    }

    private void Finish(ChoicePiece piece, TimeSpan sinceFirst)
    {
        if (piece.Index % _choicesPerPrompt == 0)
        {
            _promptTokens += piece.Chunk.PromptTokenCount;
            _metrics.PromptTokens(piece.Chunk.PromptTokenCount);
        }

        _completionTokens += piece.Chunk.CompletionTokenCount;
        _metrics.CompletionTokens(piece.Chunk.CompletionTokenCount);
        _metrics.LastPiece(sinceFirst, piece.Chunk.CompletionTokenCount);
    }
}
