using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

public sealed class StopStringMatcherTests
{
    [Fact]
    public void Append_PossibleBeginning_IsHeldBackUntilDecided()
    {
        StopStringMatcher matcher = new(["END"]);

        Assert.Equal(new StopMatch("a", false), matcher.Append("aE"));
        Assert.Equal(new StopMatch("", false), matcher.Append("N"));
        Assert.Equal(new StopMatch("ENx", false), matcher.Append("x"));
        Assert.Equal(new StopMatch("", false), matcher.Append("EN"));
        Assert.Equal(new StopMatch("", true), matcher.Append("D and more"));
        Assert.Equal(new StopMatch("", true), matcher.Append("more"));
        Assert.True(matcher.Stopped);
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void Flush_HeldText_GivesItOnce()
    {
        StopStringMatcher matcher = new(["END"]);
        matcher.Append("xEN");

        Assert.Equal("EN", matcher.Flush());
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void Append_SeveralStops_EarliestWins()
    {
        Assert.Equal(new StopMatch("one ", true), new StopStringMatcher(["\n", "two"]).Append("one two\nthree"));
        Assert.Equal(new StopMatch("x", true), new StopStringMatcher(["b", "ab"]).Append("xab"));
    }

    [Fact]
    public void Append_AnyCutting_GivesTheSameText()
    {
        Random random = new(7);
        for (int round = 0; round < 2000; round++)
        {
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Word(random, random.Next(1, 5)))];
            string text = Word(random, 30);
            StopStringMatcher whole = new(stops);
            string expected = whole.Append(text).Text + whole.Flush();

            StopStringMatcher pieces = new(stops);
            string result = "";
            for (int at = 0; at < text.Length;)
            {
                int length = Math.Min(random.Next(1, 6), text.Length - at);
                result += pieces.Append(text.Substring(at, length)).Text;
                at += length;
            }

            Assert.Equal(expected, result + pieces.Flush());
            Assert.DoesNotContain(stops, stop => expected.Contains(stop, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Constructor_EmptyStop_Throws() => Assert.Throws<ArgumentException>(() => new StopStringMatcher(["a", ""]));

    [Fact]
    public void Append_NoStops_PassesAll() => Assert.Equal(new StopMatch("abc", false), new StopStringMatcher([]).Append("abc"));

    private static string Word(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(3))));
}
