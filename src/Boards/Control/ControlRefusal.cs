namespace Halo.Boards.Control;

/// <summary>Why a control server did not take a message.</summary>
public enum ControlRefusal
{
    /// <summary>Something is missing in it or is not what it should be.</summary>
    Malformed,

    /// <summary>The client speaks another control protocol.</summary>
    VersionDiffers,

    /// <summary>It was not made with this cluster's key, or was altered on the way.</summary>
    KeyDiffers,

    /// <summary>A finish for a challenge that was used already, is too old, or was never made here.</summary>
    ChallengeUnknown,

    /// <summary>The two ends have no cipher in common.</summary>
    NoCommonCipher,

    /// <summary>The session is not known here: it was idle too long or belongs to an earlier process.</summary>
    SessionUnknown,

    /// <summary>The request's number was seen before: a repeat.</summary>
    Repeated,

    /// <summary>Head or body is not what the client sealed.</summary>
    Altered,

    /// <summary>The body is longer than this server takes.</summary>
    TooLarge,
}

/// <summary>A refusal with its sentence.</summary>
internal sealed record Refusal(ControlRefusal Reason, string Text)
{
    internal int Status => Reason switch
    {
        ControlRefusal.Malformed => 400,
        ControlRefusal.VersionDiffers => 409,
        ControlRefusal.NoCommonCipher => 409,
        ControlRefusal.TooLarge => 413,
        _ => 401,
    };
}

/// <summary>What a control server has seen since it started.</summary>
/// <param name="Handshakes">Sessions made.</param>
/// <param name="Requests">Sealed requests that reached a handler.</param>
/// <param name="Sessions">Sessions known now.</param>
/// <param name="PendingChallenges">Handshakes half done now.</param>
/// <param name="Refused">Messages refused, by reason; every reason is there.</param>
public sealed record ControlStatistics(
    long Handshakes, long Requests, int Sessions, int PendingChallenges, IReadOnlyDictionary<ControlRefusal, long> Refused);
