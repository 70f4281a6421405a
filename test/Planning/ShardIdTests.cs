using FsCheck;
using FsCheck.Fluent;

namespace Halo.Planning.Tests;

public sealed class ShardIdTests
{
    [Theory]
    [InlineData("3/attention-1", 3, ShardKind.Attention, 1)]
    [InlineData("0/feed-forward-20", 0, ShardKind.FeedForward, 20)]
    [InlineData("output/vocabulary-2", ShardId.OutputLayer, ShardKind.Vocabulary, 2)]
    public void Parse_OfAName_GivesItsParts(string text, int layer, ShardKind kind, int index)
    {
        Assert.Equal(new ShardId(layer, kind, index), ShardId.Parse(text));
        Assert.Equal(text, new ShardId(layer, kind, index).ToString());
    }

    [Fact]
    public void Parse_OfAnyShardsName_GivesTheShard()
    {
        Gen<ShardId> shards =
            from kind in Gen.Elements(Enum.GetValues<ShardKind>())
            from layer in Gen.Choose(0, int.MaxValue)
            from index in Gen.Choose(0, int.MaxValue)
            select new ShardId(kind == ShardKind.Vocabulary ? ShardId.OutputLayer : layer, kind, index);
        Prop.ForAll(shards.ToArbitrary(), shard => ShardId.Parse(shard.ToString()) == shard).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("3")]
    [InlineData("3/attention")]
    [InlineData("3/attention-")]
    [InlineData("3/attention--1")]
    [InlineData("3/attention-+1")]
    [InlineData("3/attention- 1")]
    [InlineData("-3/attention-1")]
    [InlineData("3/Attention-1")]
    [InlineData("3/attention-1/2")]
    [InlineData("3/mlp-1")]
    [InlineData("x/attention-1")]
    [InlineData("output/attention-1")]
    [InlineData("0/vocabulary-1")]
    [InlineData("99999999999/attention-1")]
    [InlineData("3/attention-99999999999")]
    public void TryParse_OfWhatIsNoName_ReturnsFalse(string? text)
    {
        Assert.False(ShardId.TryParse(text, out ShardId id));
        Assert.Equal(default, id);
        Assert.Contains("3/attention-1", Assert.Throws<FormatException>(() => ShardId.Parse(text!)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CompareTo_OrdersByLayerThenKindThenIndex()
    {
        ShardId[] ordered = [.. new[] { "output/vocabulary-0", "0/attention-2", "0/attention-10", "0/feed-forward-0", "1/attention-0" }.Select(ShardId.Parse)];
        Assert.Equal(ordered, ordered.Reverse().Order());
        Assert.True(ordered[0] < ordered[1] && ordered[1] <= ordered[2] && ordered[3] > ordered[2] && ordered[4] >= ordered[3]);
    }
}
