using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Regrouping;
using Halo.Inference.Tests.Model;

namespace Halo.Inference.Tests.Regrouping;

/// <summary>A model in another order computes the same but for the order of additions.</summary>
public sealed class ModelRegrouperTests
{
    public static TheoryData<string> Models() => [.. TestModels.Present.Where(name => !name.Contains("mix", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Models))]
    public void Write_InAnyOrder_KeepsTheLogits(string name)
    {
        StepLimits limits = new() { KvType = KvType.F32 }; // halves round other than f32 at their edges, and near ties would decide
        using OpenModel model = new(TestModels.PathOf(name), limits: limits);
        using TemporaryFile file = new();
        LayerOrder[] orders = Shuffled(model.Weights, null);
        ModelRegrouper.Write(model.Weights, orders, file.Path);
        using OpenModel regrouped = new(file.Path, limits: limits);
        int[] tokens = model.Tokens(24, seed: 5);
        List<float[]> expected = model.Append(1, 0, tokens, 24);
        List<float[]> actual = regrouped.Append(1, 0, tokens, 24);

        // Where activations are rounded to 8 bits, a value on the edge between two steps falls to the other side now and then.
        float tolerance = name == TestModels.Bundled ? 0.02f : 1e-4f;
        foreach ((float[] before, float[] after) in expected.Zip(actual))
        {
            Assert.True(TensorPrimitives.Distance(before, after) <= tolerance * TensorPrimitives.Norm(before));
        }

        // The order did something, and the text stays as long as it does not hang on a near tie.
        Assert.NotEqual(Bytes(model.Weights, "blk.0.ffn_down.weight"), Bytes(regrouped.Weights, "blk.0.ffn_down.weight"));
        Assert.NotEqual(Bytes(model.Weights, "blk.0.attn_v.weight"), Bytes(regrouped.Weights, "blk.0.attn_v.weight"));
        Assert.Equal(expected.Select(Largest), actual.Select(Largest));
    }

    [Fact]
    public void Write_InTheOldOrder_CopiesEveryByte()
    {
        using ModelWeights model = ModelWeights.Open(TestPaths.BundledModel);
        using TemporaryFile file = new();
        LayerOrder same = new([.. Enumerable.Range(0, model.Config.IntermediateSize)], [.. Enumerable.Range(0, model.Config.KvHeadCount)]);
        ModelRegrouper.Write(model, [.. Enumerable.Repeat(same, model.Config.LayerCount)], file.Path);
        using ModelWeights copy = ModelWeights.Open(file.Path);
        Assert.All(model.File.TensorList, info => Assert.Equal(model.File.Data(info), copy.File.Data(copy.File.RequireTensor(info.Name))));
        Assert.Equal(model.File.Metadata.Select(pair => pair.Key).Order(), copy.File.Metadata.Select(pair => pair.Key).Order());
    }

    [SharedTheory("models/halo-tales/halo-tales-F32.gguf")]
    [InlineData(TensorType.Q8_0, 0.05f, 7u)]
    [InlineData(TensorType.Q4_0, 0.4f, 2u)]
    public void Write_InAnotherType_RoundsWeightsInTheirNewOrder(TensorType type, float tolerance, uint fileType)
    {
        using OpenModel model = new(TestPaths.Shared("models/halo-tales/halo-tales-F32.gguf"));
        using TemporaryFile file = new();
        ModelRegrouper.Write(model.Weights, Shuffled(model.Weights, type), file.Path, type);
        using OpenModel regrouped = new(file.Path);
        Assert.Equal(type, regrouped.Weights.Layout.Layers[0].Down);
        Assert.Equal(fileType, regrouped.Weights.File.Metadata.RequireUInt32("general.file_type"));
        Assert.Equal(TensorType.F32, regrouped.Weights.File.RequireTensor("output_norm.weight").Type);
        int[] tokens = model.Tokens(8, seed: 5);
        foreach ((float[] before, float[] after) in model.Append(1, 0, tokens, 8).Zip(regrouped.Append(1, 0, tokens, 8)))
        {
            Assert.True(TensorPrimitives.Distance(before, after) <= tolerance * TensorPrimitives.Norm(before));
        }

        using TemporaryFile again = new();
        Assert.Throws<ArgumentException>(() => ModelRegrouper.Write(regrouped.Weights, Shuffled(regrouped.Weights, null), again.Path, type));
    }

    [Fact]
    public void Write_OfAnOrderThatDoesNotFit_IsRefused()
    {
        using ModelWeights model = ModelWeights.Open(TestPaths.BundledModel);
        using TemporaryFile file = new();
        int[] neurons = [.. Enumerable.Range(0, model.Config.IntermediateSize)];
        int[] heads = [.. Enumerable.Range(0, model.Config.KvHeadCount)];
        Assert.Contains("for 1 layers", Refusal(new LayerOrder(neurons, heads), 1), StringComparison.Ordinal);
        Assert.Contains("neurons of layer 0", Refusal(new LayerOrder(neurons[1..], heads)), StringComparison.Ordinal);
        Assert.Contains("each once", Refusal(new LayerOrder([0, .. neurons[..^1]], heads)), StringComparison.Ordinal);
        Assert.Contains("head groups of layer 0", Refusal(new LayerOrder(neurons, [0, 0, 1, 2])), StringComparison.Ordinal);

        // Q8_0: neurons move by whole blocks.
        (neurons[0], neurons[1]) = (neurons[1], neurons[0]);
        Assert.Contains("splits a quantisation block", Refusal(new LayerOrder(neurons, heads)), StringComparison.Ordinal);
        Assert.False(File.Exists(file.Path) && new FileInfo(file.Path).Length > 0);

        string Refusal(LayerOrder order, int? layers = null) => Assert.Throws<ArgumentException>(
            () => ModelRegrouper.Write(model, [.. Enumerable.Repeat(order, layers ?? model.Config.LayerCount)], file.Path)).Message;
    }

    [Fact]
    public void Write_OfALayerWithBiases_IsRefused()
    {
        MadeModel made = new();
        made.Tensors["blk.1.attn_q.bias"] = ([MadeModel.HiddenSize], TensorType.F32);
        using TemporaryFile source = made.Write();
        using ModelWeights model = ModelWeights.Open(source.Path);
        using TemporaryFile file = new();
        Assert.Contains(
            "'llama' with biases", Assert.Throws<ArgumentException>(() => ModelRegrouper.Write(model, Shuffled(model, null), file.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfGroups_WithASmallLastGroup_MovesWholeGroups() =>
        Assert.Equal([2, 3, 0, 1, 4], LayerOrder.OfGroups([1, 0, 2], groupSize: 2, neurons: 5));

    private static LayerOrder[] Shuffled(ModelWeights model, TensorType? type)
    {
        Random random = new(8);
        return [.. Enumerable.Range(0, model.Config.LayerCount).Select(layer =>
        {
            int unit = ModelRegrouper.NeuronUnit(model.Layout, layer, type);
            int[] units = [.. Enumerable.Range(0, model.Config.IntermediateSize / unit)];
            int[] heads = [.. Enumerable.Range(0, model.Config.KvHeadCount)];
            random.Shuffle(units);
            if (ModelRegrouper.CanMoveHeads(model.Layout, layer, type))
            {
                random.Shuffle(heads);
            }

            return new LayerOrder(LayerOrder.OfGroups(units, unit, model.Config.IntermediateSize), heads);
        })];
    }

    private static byte[] Bytes(ModelWeights model, string tensor) => model.File.Data(model.File.RequireTensor(tensor)).ToArray();

    private static int Largest(float[] logits) => TensorPrimitives.IndexOfMax<float>(logits);
}
