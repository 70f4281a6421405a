using Halo.Inference.Padding;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Padding;

public sealed class TypeMixTests
{
    // Which layers the default rule of llama-quantize keeps in Q6_K: of 22 (two at either end, the last from 19 on) and of 16.
    [Theory]
    [InlineData(22, new[] { 0, 1, 4, 7, 10, 13, 16, 19, 20, 21 })]
    [InlineData(16, new[] { 0, 1, 4, 7, 10, 13, 14, 15 })]
    [InlineData(4, new[] { 2, 3 })]
    public void TypeOf_ValuesAndDownOfAMixture_AreKeptBetterInSomeLayers(int layers, int[] expected)
    {
        Assert.True(TypeMix.TryParse("q4_k_m", out TypeMix mix));
        foreach (string part in new[] { "attn_v", "ffn_down" })
        {
            int[] kept = [.. Enumerable.Range(0, layers).Where(layer => mix.TypeOf($"blk.{layer}.{part}.weight", layers, 256, false) == TensorType.Q6_K)];
            Assert.Equal(expected, kept);
        }

        Assert.All(Enumerable.Range(0, layers), layer => Assert.Equal(TensorType.Q4_K, mix.TypeOf($"blk.{layer}.attn_q.weight", layers, 256, false)));
    }

    [Theory]
    [InlineData("Q4_K_M", 2048, TensorType.Q4_K, TensorType.Q6_K)]
    [InlineData("Q5_K_M", 2048, TensorType.Q5_K, TensorType.Q6_K)]
    [InlineData("Q4_K_M", 576, TensorType.Q5_0, TensorType.Q8_0)] // no whole blocks of 256
    [InlineData("Q5_K_M", 576, TensorType.Q5_1, TensorType.Q8_0)]
    [InlineData("Q6_K", 2048, TensorType.Q6_K, TensorType.Q6_K)]
    [InlineData("Q4_0", 2048, TensorType.Q4_0, TensorType.Q4_0)]
    public void TypeOf_EmbeddingAndHead_FollowTheMixture(string name, int columns, TensorType embedding, TensorType head)
    {
        Assert.True(TypeMix.TryParse(name, out TypeMix mix));
        Assert.Equal(embedding, mix.TypeOf("token_embd.weight", 22, columns, isHead: false));
        Assert.Equal(head, mix.TypeOf("output.weight", 22, columns, isHead: true));
        Assert.Equal(head, mix.TypeOf("token_embd.weight", 22, columns, isHead: true));
        Assert.Equal(name, mix.ToString());
    }

    [Fact]
    public void TryParse_UnknownName_IsRefused() => Assert.False(TypeMix.TryParse("q3_k_m", out _));

    [Fact]
    public void FileType_OfEachMix_IsItsOwn() => Assert.Equal(TypeMix.All.Count, TypeMix.All.Select(mix => mix.FileType).Distinct().Count());
}
