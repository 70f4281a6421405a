namespace Halo.Fabric.Streams.Sessions;

/// <summary>How long connecting the boards of a session may take.</summary>
public sealed record StreamTimeouts
{
    /// <summary>For one board: connecting, and the handshake. 5 s by default.</summary>
    public TimeSpan Dial { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For all boards together, those that dial this one included. 15 s by default.</summary>
    public TimeSpan All { get; init; } = TimeSpan.FromSeconds(15);
}
