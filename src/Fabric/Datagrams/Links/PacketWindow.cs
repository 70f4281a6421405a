using System.Numerics;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// Takes each packet number once, and measures which never come. Datagrams may overtake each other by 960 numbers; anything older is refused.
/// Number 0 is never sent.
/// </summary>
internal sealed class PacketWindow
{
    private const int Words = 16;
    private const int WordBits = 64;

    private readonly ulong[] _seen = new ulong[Words]; // bit n of word w % 16: number 64 w + n was taken
    private readonly ulong[] _spikes = new ulong[Words]; // the same bits: it came in a spike of the trip time
    private ulong _newest;                              // word that holds the highest number
    private LossMeter _loss;
    private GapMeter _gaps;

    internal PacketWindow() => _seen[0] = 1;

    /// <summary>What the numbers say of the loss.</summary>
    internal ref readonly LossMeter Loss => ref _loss;

    /// <summary>What the sender is told of the link: <see cref="LossMeter.LinkReport"/>, and before that has seen any loss a first guess.</summary>
    internal double LinkReport => _loss.LinkReport is > 0 and double measured ? measured : _gaps.Loss;

    /// <summary>Whether a number could be taken: checked before a datagram is opened, taken after.</summary>
    internal bool IsFresh(ulong number)
    {
        ulong word = number / WordBits;
        return word > _newest || (_newest - word < Words && (_seen[word % Words] & Bit(number)) == 0);
    }

    /// <summary>Takes a number; false where it was taken before, or is too old to tell.</summary>
    /// <param name="number">The number.</param>
    /// <param name="isSpike">Whether it came out of a queue that has filled up: so were its neighbours lost, if they were.</param>
    internal bool TryTake(ulong number, bool isSpike = false)
    {
        if (!IsFresh(number))
        {
            return false;
        }

        _gaps.Add(number);
        Advance(number / WordBits);
        _seen[number / WordBits % Words] |= Bit(number);
        _spikes[number / WordBits % Words] |= isSpike ? Bit(number) : 0;
        return true;
    }

    private static ulong Bit(ulong number) => 1ul << (int)(number % WordBits);

    private void Advance(ulong word)
    {
        if (word > _newest + 2 * Words)
        {
            // A long silence: the rest of the gap would say the same again.
            Array.Clear(_seen);
            Array.Clear(_spikes);
            _newest = word - 2 * Words;
        }

        while (_newest < word)
        {
            _newest++;
            if (_newest >= 2)
            {
                _loss.Add(_seen[(_newest - 2) % Words], Congested(_newest - 2));
            }

            _seen[_newest % Words] = 0;
            _spikes[_newest % Words] = 0;
        }
    }

    // The numbers of a word next to which, before or after the gap, the nearest one that came did so in a spike. The end of a train is lost in a full
    // queue that is empty when the next train comes.
    private ulong Congested(ulong word)
    {
        ulong seen = _seen[word % Words];
        ulong spikes = _spikes[word % Words];
        ulong before = word == 0 ? 0 : _spikes[(word - 1) % Words] & Highest(_seen[(word - 1) % Words]);
        ulong after = _spikes[(word + 1) % Words] & Lowest(_seen[(word + 1) % Words]);
        if (seen == ulong.MaxValue || (spikes | before | after) == 0)
        {
            return 0;
        }

        ulong congested = 0;
        bool above = after != 0;
        bool below = before != 0;
        for (int i = 0; i < WordBits; i++)
        {
            ulong up = 1ul << i;
            ulong down = 1ul << (WordBits - 1 - i);
            below = (seen & up) != 0 ? (spikes & up) != 0 : below;
            above = (seen & down) != 0 ? (spikes & down) != 0 : above;
            congested |= (below ? up : 0) | (above ? down : 0);
        }

        return congested;
    }

    private static ulong Highest(ulong bits) => bits == 0 ? 0 : 1ul << (WordBits - 1 - BitOperations.LeadingZeroCount(bits));

    private static ulong Lowest(ulong bits) => bits & (0 - bits);
}
