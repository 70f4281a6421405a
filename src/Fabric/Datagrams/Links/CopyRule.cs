namespace Halo.Fabric.Datagrams.Links;

/// <summary>How often a chunk is sent at once, by the loss of its direction.</summary>
internal static class CopyRule
{
    /// <summary>
    /// Copies, the first included, such that about one chunk in a thousand or fewer still needs a resend: a stage waits for its last chunk, so one
    /// in a hundred would hold up every other stage of many boards. Independent loss is assumed; in a burst copies fall together.
    /// </summary>
    /// <param name="loss">Packet loss rate, 0 to 1.</param>
    /// <param name="most">Most copies.</param>
    internal static int Copies(double loss, int most) => Math.Min(most, loss switch
    {
        < 0.002 => 1,
        < 0.03 => 2,
        < 0.1 => 3,
        _ => 4,
    });
}
