namespace Halo.Fabric.Datagrams.Links;

/// <summary>How often a chunk is sent at once, by the loss of its direction.</summary>
internal static class CopyRule
{
    // A stage waits for its last chunk: this share of the stages may wait for a resend, which takes about three times as long as a stage.
    private const double StagesThatWait = 0.015;

    /// <summary>
    /// Copies, the first included, such that few stages still need a resend. Independent loss is assumed; in a burst copies fall together.
    /// </summary>
    /// <param name="loss">Packet loss rate, 0 to 1.</param>
    /// <param name="links">Directed links whose chunks a stage waits for, at least 1.</param>
    /// <param name="most">Most copies, at least 1.</param>
    internal static int Copies(double loss, int links, int most)
    {
        int copies = 1;
        for (double lost = loss * links; lost > StagesThatWait && copies < most; lost *= loss)
        {
            copies++;
        }

        return copies;
    }
}
