using Halo.Lab.Model;
using Halo.Lab.Net;

namespace Halo.Lab.Tests.Net;

public sealed class RoutingTests
{
    [Theory]
    [InlineData(10, 77, 0, 1, 0)]
    [InlineData(10, 77, 0, 4, 3)]
    [InlineData(10, 77, 0, 5, Addressing.Nobody)]
    [InlineData(10, 77, 0, 0, Addressing.Nobody)]
    [InlineData(10, 77, 1, 1, Addressing.Nobody)]
    [InlineData(10, 77, 0, 255, NetworkModel.Everyone)]
    [InlineData(255, 255, 255, 255, NetworkModel.Everyone)]
    [InlineData(224, 0, 0, 1, NetworkModel.Everyone)]
    [InlineData(239, 1, 2, 3, NetworkModel.Everyone)]
    public void ReceiverOf_Address_IsItsBoard(byte a, byte b, byte c, byte d, int board)
    {
        byte[] packet = [0x45, .. new byte[15], a, b, c, d, 1, 2, 3];
        Assert.Equal(board, Addressing.ReceiverOf(packet, 4));
    }

    [Fact]
    public void ReceiverOf_OtherProtocolOrTorn_IsNobody()
    {
        Assert.Equal(Addressing.Nobody, Addressing.ReceiverOf([0x60, .. new byte[39]], 4));
        Assert.Equal(Addressing.Nobody, Addressing.ReceiverOf([0x45, 0, 0], 4));
        Assert.Equal(Addressing.Nobody, Addressing.ReceiverOf([], 4));
    }

    [Fact]
    public void Pop_RandomTimes_ComesInOrderAndStable()
    {
        PacketHeap heap = new(4);
        Random random = new(1);
        (long Time, int Slot)[] packets = [.. Enumerable.Range(0, 5000).Select(slot => ((long)random.Next(100), slot))];
        Array.ForEach(packets, packet => heap.Push(packet.Time, packet.Slot, 7));
        List<(long, int)> popped = [];
        while (heap.Count > 0)
        {
            long time = heap.NextTime;
            (int slot, int to) = heap.Pop();
            Assert.Equal(7, to);
            popped.Add((time, slot));
        }

        Assert.Equal(packets.OrderBy(packet => packet.Time).ThenBy(packet => packet.Slot), popped);
        Assert.Equal(long.MaxValue, heap.NextTime);
    }

    [Fact]
    public void Release_LastArrival_FreesTheSlot()
    {
        PacketPool pool = new(2);
        int slot = pool.Peek();
        pool.Room(slot)[0] = 9;
        pool.Hold(slot, 1, arrivals: 2);
        Assert.NotEqual(slot, pool.Peek());
        pool.Release(slot);
        Assert.Equal(1, pool.FreeCount);
        Assert.Equal([9], pool.Packet(slot).ToArray());
        pool.Release(slot);
        Assert.Equal(2, pool.FreeCount);
    }
}
