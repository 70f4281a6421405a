namespace Halo.Fabric.Transport;

/// <summary>
/// Whether a wait should begin with a spin: where spins have lately ended waits. Where what is waited for takes longer, a board that spins takes the
/// processor from one that could compute. One thread at a time.
/// </summary>
internal struct SpinRule
{
    private const int MostCredit = 4;
    private const int WaitsBetweenTrials = 64;

    private int _credit;
    private int _waits;

    /// <summary>Whether the wait that begins may spin: there is credit, or it is time to try again.</summary>
    internal bool MaySpin() => _credit > 0 || _waits++ % WaitsBetweenTrials == 0;

    /// <summary>Says how a spin ended.</summary>
    /// <param name="reached">Whether what was waited for came meanwhile.</param>
    internal void Spun(bool reached) => _credit = Math.Clamp(_credit + (reached ? 1 : -1), 0, MostCredit);
}
