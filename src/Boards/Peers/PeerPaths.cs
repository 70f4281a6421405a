using Halo.Boards.Remote;

namespace Halo.Boards.Peers;

/// <summary>
/// The control requests that the boards of a cluster of silos serve each other; a model is named in the query: <c>?model=</c>. Whoever has the
/// cluster's key may ask.
/// </summary>
internal static class PeerPaths
{
    /// <summary>POST, answered by a board with the model's file: what others must know to hold shards of it.</summary>
    internal const string Offer = BoardPaths.Prefix + "/peer/offer";

    /// <summary>POST, answered by a board with the model's file: a piece of its weights, <c>&amp;piece=</c>.</summary>
    internal const string Piece = BoardPaths.Prefix + "/peer/piece";

    /// <summary>POST: the KV of a shard.</summary>
    internal const string Kv = BoardPaths.Prefix + "/peer/kv";

    /// <summary>POST: take part in a session.</summary>
    internal const string Sessions = BoardPaths.Prefix + "/peer/sessions";

    /// <summary>POST: leave a session, <c>&amp;session=</c>.</summary>
    internal const string Close = BoardPaths.Prefix + "/peer/sessions/close";
}
