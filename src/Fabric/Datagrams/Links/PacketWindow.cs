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
    private ulong _newest;                              // word that holds the highest number
    private LossMeter _loss;

    internal PacketWindow() => _seen[0] = 1;

    /// <summary>What the numbers say of the loss.</summary>
    internal ref readonly LossMeter Loss => ref _loss;

    /// <summary>Whether a number could be taken: checked before a datagram is opened, taken after.</summary>
    internal bool IsFresh(ulong number)
    {
        ulong word = number / WordBits;
        return word > _newest || (_newest - word < Words && (_seen[word % Words] & Bit(number)) == 0);
    }

    /// <summary>Takes a number; false where it was taken before, or is too old to tell.</summary>
    internal bool TryTake(ulong number)
    {
        if (!IsFresh(number))
        {
            return false;
        }

        Advance(number / WordBits);
        _seen[number / WordBits % Words] |= Bit(number);
        return true;
    }

    private static ulong Bit(ulong number) => 1ul << (int)(number % WordBits);

    private void Advance(ulong word)
    {
        if (word > _newest + 2 * Words)
        {
            // A long silence: the rest of the gap would say the same again.
            Array.Clear(_seen);
            _newest = word - 2 * Words;
        }

        while (_newest < word)
        {
            _newest++;
            if (_newest >= 2)
            {
                _loss.Add(_seen[(_newest - 2) % Words]);
            }

            _seen[_newest % Words] = 0;
        }
    }
}
