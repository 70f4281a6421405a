using System.Reflection;

namespace Halo.Boards.Control;

/// <summary>Which control messages a process speaks, and which program it is.</summary>
/// <param name="Protocol">Version of the messages; both ends must have the same.</param>
/// <param name="Product">Version of Halo, for people.</param>
internal sealed record ControlVersion(int Protocol, string Product)
{
    internal static ControlVersion Current { get; } = new(1, ProductVersion());

    /// <summary>The sentence about another version; the names in it come from outside and are made plain.</summary>
    /// <param name="peer">What the other end said of itself.</param>
    /// <param name="address">Where it is.</param>
    internal string Differs(VersionHead peer, string address) =>
        $"board {PlainText.Of(peer.Name)} ({address}) speaks control protocol {peer.Protocol} (Halo {PlainText.Of(peer.Product)}), "
        + $"this one {Protocol} (Halo {Product}): install the same version on all boards";

    private static string ProductVersion()
    {
        Assembly assembly = typeof(ControlVersion).Assembly;
        string? version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return version?.Split('+')[0] ?? assembly.GetName().Version?.ToString() ?? "unknown";
    }
}
