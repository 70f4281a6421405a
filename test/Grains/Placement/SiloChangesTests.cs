using Halo.Grains.Placement;

namespace Halo.Grains.Tests.Placement;

public sealed class SiloChangesTests
{
    [Fact]
    public void Raise_EndsWhatWasAskedForBefore_AndNotWhatIsAskedForAfterwards()
    {
        SiloChanges changes = new();
        Task before = changes.Next;
        Assert.Same(before, changes.Next);
        Assert.False(before.IsCompleted);
        changes.Raise();
        Assert.True(before.IsCompletedSuccessfully);
        Task after = changes.Next;
        Assert.False(after.IsCompleted);
        changes.Raise();
        changes.Raise();
        Assert.True(after.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Raise_FromManyThreads_LeavesNobodyWaiting()
    {
        SiloChanges changes = new();
        Task[] waiting = [.. Enumerable.Range(0, 50).Select(_ => changes.Next)];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                changes.Raise();
            }
        })));
        Assert.All(waiting, task => Assert.True(task.IsCompleted));
        Assert.False(changes.Next.IsCompleted);
    }
}
