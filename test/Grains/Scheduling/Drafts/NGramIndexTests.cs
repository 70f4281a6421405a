using Halo.Grains.Scheduling.Drafts;

namespace Halo.Grains.Tests.Scheduling.Drafts;

public sealed class NGramIndexTests
{
    [Theory]
    [InlineData(new[] { 1, 2, 3, 4, 5 }, 0, 0)]
    [InlineData(new[] { 1, 2, 3, 9, 3 }, 0, 0)] // one token alone says nothing
    [InlineData(new[] { 1, 2, 3, 9, 2, 3 }, 2, 3)]
    [InlineData(new[] { 1, 2, 3, 4, 5, 9, 1, 2, 3, 4 }, 4, 4)]
    [InlineData(new[] { 1, 2, 8, 1, 2, 9, 1, 2 }, 2, 5)] // the latest place
    [InlineData(new[] { 5, 1, 2, 8, 1, 2, 9, 5, 1, 2 }, 3, 3)] // the longest run before the latest
    [InlineData(new[] { 7, 7, 7 }, 2, 2)] // a place that overlaps the end
    [InlineData(new int[0], 0, 0)]
    [InlineData(new[] { 1 }, 0, 0)]
    public void Find_LastTokens_GivesTheLongestLatestPlace(int[] tokens, int length, int next) =>
        Assert.Equal((length, next), new NGramIndex().Find(tokens));

    [Theory]
    [InlineData(3, 2)]
    [InlineData(5, 40)]
    [InlineData(8, 400)]
    public void Find_GrowingText_FindsWhatASearchFindsOrLess(int seed, int vocabulary)
    {
        Random random = new(seed);
        NGramIndex index = new();
        List<int> text = [];
        int found = 0;
        int expected = 0;
        for (int i = 0; i < 3000; i++)
        {
            // Now and then a piece of what was there is said again.
            bool repeats = text.Count > 20 && random.Next(10) == 0;
            text.AddRange(repeats ? text.Slice(random.Next(text.Count - 10), 8) : [random.Next(vocabulary)]);
            (int length, int next) = index.Find(text.ToArray());
            (int longest, int latest) = Search(text);
            expected += longest > 0 ? 1 : 0;
            if (length > 0)
            {
                found++;
                Assert.Equal(text.TakeLast(length), text.Skip(next - length).Take(length));
                Assert.True(length < longest || (length == longest && next <= latest), $"{length} to {next}; {longest} to {latest} is the best.");
            }
        }

        // Hashes that fall together hide a place, seldom.
        Assert.InRange(found, expected * 0.9, expected);
        Assert.True(expected > 200, $"{expected} places: the text hardly repeats.");
    }

    [Fact]
    public void Find_BetweenGrowths_AllocatesNothing()
    {
        NGramIndex index = new();
        int[] text = [.. Enumerable.Range(0, 1100).Select(i => i % 300)];
        index.Find(text.AsSpan(0, 700));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int agreed = 0;
        for (int length = 701; length <= 1000; length++)
        {
            agreed += index.Find(text.AsSpan(0, length)).Length;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(agreed > 1000);
    }

    private static (int Longest, int Next) Search(List<int> text)
    {
        for (int length = NGramIndex.Longest; length >= NGramIndex.Shortest; length--)
        {
            for (int end = text.Count - 1; end >= length; end--)
            {
                if (text.Slice(end - length, length).SequenceEqual(text.TakeLast(length)))
                {
                    return (length, end);
                }
            }
        }

        return (0, 0);
    }
}
