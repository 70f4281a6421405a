using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Streams.Sessions;

public sealed class FrameCipherTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(0, FrameCipher.KeyBytes).Select(i => (byte)i)];
    private static readonly byte[] s_head = [.. Enumerable.Range(0, StreamFrame.Bytes).Select(i => (byte)(3 * i))];
    private static readonly byte[] s_payload = [.. Enumerable.Range(0, 100).Select(i => (byte)(7 * i))];

    public static TheoryData<FrameCipherKind> Ciphers => [FrameCipherKind.AesGcm, FrameCipherKind.ChaCha20Poly1305];

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void TryOpen_FramesInTheirOrder_GivesThePayloadsBack(FrameCipherKind kind)
    {
        using FrameCipher sender = new(kind, s_key);
        using FrameCipher receiver = new(kind, s_key);
        for (int length = 0; length <= s_payload.Length; length += 20)
        {
            byte[] bytes = Seal(sender, length);
            Assert.True(length == 0 || !bytes.AsSpan(0, length).SequenceEqual(s_payload.AsSpan(0, length)), "The payload is in the clear.");
            Assert.True(receiver.TryOpen(s_head, bytes));
            Assert.Equal(s_payload[..length], bytes[..length]);
        }
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void TryOpen_AnyByteAltered_Refuses(FrameCipherKind kind)
    {
        for (int at = 0; at < s_head.Length + s_payload.Length + FrameCipher.TagBytes; at++)
        {
            using FrameCipher sender = new(kind, s_key);
            using FrameCipher receiver = new(kind, s_key);
            byte[] bytes = Seal(sender, s_payload.Length);
            byte[] head = [.. s_head];
            (at < head.Length ? head : bytes)[at < head.Length ? at : at - head.Length] ^= 1;
            Assert.False(receiver.TryOpen(head, bytes), $"Byte {at}.");
        }
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void TryOpen_FrameRepeatedOrSkipped_Refuses(FrameCipherKind kind)
    {
        using FrameCipher sender = new(kind, s_key);
        byte[] first = Seal(sender, 10);
        byte[] second = Seal(sender, 10);
        using FrameCipher repeats = new(kind, s_key);
        Assert.True(repeats.TryOpen(s_head, [.. first]));
        Assert.False(repeats.TryOpen(s_head, [.. first]));
        using FrameCipher skips = new(kind, s_key);
        Assert.False(skips.TryOpen(s_head, second));
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Seal_And_TryOpen_AllocateNothing(FrameCipherKind kind)
    {
        using FrameCipher sender = new(kind, s_key);
        using FrameCipher receiver = new(kind, s_key);
        byte[] bytes = new byte[s_payload.Length + FrameCipher.TagBytes];
        bool whole = true;
        void Round()
        {
            sender.Seal(s_head, s_payload, bytes);
            whole &= receiver.TryOpen(s_head, bytes);
        }

        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(whole);
    }

    [Fact]
    public void Fastest_OfThisMachine_IsACipherThatItHas()
    {
        Assert.True(FrameCipherMeter.IsSupported(FrameCipherMeter.Fastest()));
        Assert.True(FrameCipherMeter.BytesPerSecond(FrameCipherMeter.Fastest(), TimeSpan.FromMilliseconds(1)) > 0);
    }

    private static byte[] Seal(FrameCipher cipher, int length)
    {
        byte[] bytes = new byte[length + FrameCipher.TagBytes];
        cipher.Seal(s_head, s_payload.AsSpan(0, length), bytes);
        return bytes;
    }
}
