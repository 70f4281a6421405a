using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class HeartbeatTests
{
    private static readonly HeartbeatKey s_key = new(Secret(1));
    private static readonly Heartbeat s_ping = new(HeartbeatKind.Ping, 0x1122334455667788, 7, 0, -5);
    private static readonly Heartbeat s_pong = new(HeartbeatKind.Pong, ulong.MaxValue, ulong.MaxValue - 1, 7, long.MaxValue);

    [Fact]
    public void TryRead_WhatWasWritten_GivesItBack()
    {
        foreach (Heartbeat heartbeat in new[] { s_ping, s_pong })
        {
            byte[] bytes = Written(heartbeat);
            Assert.True(Heartbeat.TryReadKeyId(bytes, heartbeat.Kind, out ulong keyId));
            Assert.Equal(heartbeat.KeyId, keyId);
            Assert.True(Heartbeat.TryRead(bytes, heartbeat.Kind, s_key, out Heartbeat read));
            Assert.Equal(heartbeat, read);
        }
    }

    [Fact]
    public void TryRead_AnyBitTurned_IsRefused()
    {
        byte[] bytes = Written(s_ping);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Heartbeat.TryRead(bytes, HeartbeatKind.Ping, s_key, out _), $"Bit {bit} may be turned.");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(Heartbeat.TryRead(bytes, HeartbeatKind.Ping, s_key, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Heartbeat.Bytes - 1)]
    [InlineData(Heartbeat.Bytes + 1)]
    public void TryRead_AnotherLength_IsRefused(int length)
    {
        byte[] bytes = Written(s_ping);
        Array.Resize(ref bytes, length);
        Assert.False(Heartbeat.TryRead(bytes, HeartbeatKind.Ping, s_key, out _));
    }

    [Fact]
    public void TryRead_AnotherKey_IsRefused() => Assert.False(Heartbeat.TryRead(Written(s_ping), HeartbeatKind.Ping, new HeartbeatKey(Secret(2)), out _));

    [Fact]
    public void TryRead_PingMadeIntoPong_IsRefused()
    {
        byte[] bytes = Written(s_ping);
        bytes[5] = (byte)HeartbeatKind.Pong;
        Assert.False(Heartbeat.TryRead(bytes, HeartbeatKind.Pong, s_key, out _));
        Assert.False(s_key.Of(HeartbeatKind.Ping).SequenceEqual(s_key.Of(HeartbeatKind.Pong)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(33)]
    public void HeartbeatKey_AnotherLength_NamesIt(int length) =>
        Assert.Contains($"not {length}", Assert.Throws<ArgumentException>(() => new HeartbeatKey(new byte[length])).Message, StringComparison.Ordinal);

    internal static byte[] Secret(byte seed) => [.. Enumerable.Range(0, HeartbeatKey.Bytes).Select(i => (byte)(seed + (i * 7)))];

    private static byte[] Written(Heartbeat heartbeat)
    {
        byte[] bytes = new byte[Heartbeat.Bytes];
        bytes.AsSpan().Fill(0xAA);
        heartbeat.Write(bytes, s_key);
        return bytes;
    }
}
