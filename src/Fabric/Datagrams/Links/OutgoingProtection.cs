using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>How a board's links may protect what they send, and what they share.</summary>
/// <param name="MaxCopies">Most times that a datagram is sent at once; 0 sends no copies at all, not even for free, and no parity.</param>
/// <param name="Parity">Whether several chunks to one board may have parity instead.</param>
/// <param name="CanRelay">Whether copies may go over third boards.</param>
/// <param name="Cost">What datagrams cost.</param>
/// <param name="Spikes">Which links bring datagrams out of full queues.</param>
internal sealed record LinkProtection(int MaxCopies, bool Parity, bool CanRelay, DatagramCost Cost, SpikeWatch Spikes);

/// <summary>What the other board reports of the loss of what is sent to it, and what that makes this one send: copies, parity, fewer at once.</summary>
/// <param name="may">What may be sent beyond the first of each chunk.</param>
/// <param name="window">Most chunks on the way where no queue overflows.</param>
/// <param name="stageLinks">Directed links whose chunks a stage waits for.</param>
internal sealed class OutgoingProtection(LinkProtection may, int window, int stageLinks)
{
    private const double BurstParts = 8;
    private const int ChoicesAtOnce = 32;

    private Redundancy _chosen = Redundancy.None;
    private int _chosenFor; // datagrams
    private int _chosenLeft;
    private ushort _reported;

    /// <summary>Share of datagrams that did not come, 0 to 1.</summary>
    internal double Loss { get; private set; }

    /// <summary>The part of it that full queues lost.</summary>
    internal double Incast { get; private set; }

    /// <summary>Datagrams that the link lost in a row on average.</summary>
    internal double Burst { get; private set; }

    /// <summary>How many chunks may be on the way.</summary>
    internal SendWindow Window { get; } = new(Math.Clamp(window, 2, IncomingChunks.Width));

    /// <summary>Directed links whose chunks a stage waits for.</summary>
    internal int StageLinks { get; set; } = stageLinks;

    /// <summary>Whether anything is sent more often than once before it is missed.</summary>
    internal bool IsProtected => may.MaxCopies > 0;

    /// <summary>Whether the other board may send parity, as this one may.</summary>
    internal bool HasParity => IsProtected && may.Parity;

    /// <summary>Whether what is sent at once is lost at once: copies should go another way.</summary>
    internal bool IsBursty => Burst >= LossMeter.Bursty;

    /// <summary>Writes what this board measures in a head.</summary>
    internal static DatagramHead Report(in DatagramHead head, PacketWindow packets) => head with
    {
        Loss = (ushort)(Math.Min(1, packets.LinkReport + packets.Loss.IncastReport) * ushort.MaxValue),
        Incast = (ushort)(packets.Loss.IncastReport * ushort.MaxValue),
        Burst = (byte)Math.Min(packets.Loss.Burst * BurstParts, byte.MaxValue),
    };

    /// <summary>Takes what the other board measured; heads in the order in which they were sent.</summary>
    internal void TakeReport(in DatagramHead head, long now, in RoundTrip roundTrip)
    {
        double incast = head.Incast / (double)ushort.MaxValue;
        if (incast > Incast && incast > Loss / 3)
        {
            Window.OnIncast(now, roundTrip.Mean);
        }

        _chosenLeft = head.Loss == _reported ? _chosenLeft : 0;
        _reported = head.Loss;
        Incast = incast;
        Loss = head.Loss / (double)ushort.MaxValue;
        Burst = head.Burst / BurstParts;
    }

    // A scheduler's delays look like a queue's now and then, and too few copies cost more than too many: it takes more than a third of the loss to believe in queues.
    private double LinkLoss => Incast > Loss / 3 ? Loss - Incast : Loss;

    /// <summary>What is sent beyond the first of each datagram of a train. What full queues lose is not the link's: more copies would lose more.</summary>
    internal Redundancy Choose(int datagrams, in RoundTrip roundTrip)
    {
        if (!IsProtected || Loss == 0)
        {
            return Redundancy.None;
        }

        // The rule takes longer than a datagram, and what it depends on moves slowly.
        if (_chosenFor != datagrams || --_chosenLeft <= 0)
        {
            (_chosen, _chosenFor, _chosenLeft) = (ChooseAnew(datagrams, roundTrip), datagrams, ChoicesAtOnce);
        }

        return _chosen;
    }

    private Redundancy ChooseAnew(int datagrams, in RoundTrip roundTrip) => RedundancyRule.Choose(
        new RedundancyCase(
            LinkLoss, Burst, StageLinks, datagrams, may.MaxCopies, roundTrip.ResendTime, may.Cost.OfStage(StageLinks))
        {
            AllowsParity = may.Parity,
            CopiesGoElsewhere = may.CanRelay && IsBursty,
        });
}
