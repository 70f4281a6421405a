using Halo.Gateway.Contracts;

namespace Halo.Gateway.Streaming;

/// <summary>Turns pieces of one request's choices into OpenAI's objects: one by one for a stream, or gathered for a plain answer.</summary>
internal interface IAnswerFormat
{
    /// <summary>Whether a stream tells the usage at its end.</summary>
    bool IncludesUsage { get; }

    /// <summary>Sends a piece as a stream's event.</summary>
    Task SendAsync(ServerSentEvents events, ChoicePiece piece);

    /// <summary>Sends the event that tells the usage.</summary>
    Task SendUsageAsync(ServerSentEvents events, Usage usage);

    /// <summary>Keeps a piece for the whole answer.</summary>
    void Collect(ChoicePiece piece);

    /// <summary>Writes the whole answer.</summary>
    Task WriteAsync(HttpContext context, Usage usage);
}
