using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Tests.Model.Streaming;

public sealed class BufferRingTests
{
    [Fact]
    public void TryTake_InRandomOrder_NeverOverlapsAndNeverLeavesTheBuffer()
    {
        const int Capacity = 1000;
        Random random = new(3);
        BufferRing ring = new(Capacity);
        List<(BufferRing.Room Room, long Bytes)> taken = [];
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            int bytes = random.Next(1, 400);
            if (random.Next(2) == 0 && ring.TryTake(bytes) is { } room)
            {
                Assert.InRange(room.Offset, 0, Capacity - bytes);
                Assert.DoesNotContain(taken, other => other.Room.Offset < room.Offset + bytes && room.Offset < other.Room.Offset + other.Bytes);
                taken.Add((room, bytes));
            }
            else if (taken.Count > 0)
            {
                refused++;
                int index = random.Next(taken.Count);
                ring.Free(taken[index].Room);
                taken.RemoveAt(index);
            }
        }

        Assert.True(refused > 0);
        taken.ForEach(entry => ring.Free(entry.Room));
        Assert.Equal(0, ring.TryTake(Capacity)?.Offset);
        Assert.Null(ring.TryTake(1));
    }

    [Fact]
    public void TryTake_TwoOfHalfTheBuffer_AlwaysFindRoomInTurn()
    {
        BufferRing ring = new(200);
        BufferRing.Room before = ring.TryTake(100)!;
        for (int round = 0; round < 10; round++)
        {
            BufferRing.Room next = ring.TryTake(100)!;
            Assert.Null(ring.TryTake(1));
            ring.Free(before);
            before = next;
        }
    }
}
