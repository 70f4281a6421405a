namespace Halo.Testing;

/// <summary>What a stranger makes of datagrams that it has heard.</summary>
public static class DatagramMutations
{
    /// <summary>Makes one: random bytes, one of those heard again, cut, with one bit turned over, or with random bytes behind a true beginning.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="heard">What was heard; at least one.</param>
    /// <param name="datagram">Where it is written: room for more than the longest of them.</param>
    /// <returns>Its length.</returns>
    public static int Make(Random random, IReadOnlyList<byte[]> heard, Span<byte> datagram)
    {
        byte[] original = heard[random.Next(heard.Count)];
        int length = original.Length;
        original.CopyTo(datagram);
        switch (random.Next(5))
        {
            case 0:
                length = random.Next(1, datagram.Length);
                random.NextBytes(datagram[..length]);
                break;
            case 1:
                break;
            case 2:
                length = random.Next(length);
                break;
            case 3:
                datagram[random.Next(length)] ^= (byte)(1 << random.Next(8));
                break;
            default:
                random.NextBytes(datagram[random.Next(8, length)..length]);
                break;
        }

        return length;
    }
}
