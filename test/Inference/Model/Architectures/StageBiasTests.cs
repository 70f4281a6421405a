using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Tests.Model.Pieces;
using Halo.Inference.Tests.Model.Streaming;
using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>Biases of row-parallel matrices are no part of any sum: they are there, once, whatever becomes of the sums.</summary>
public sealed class StageBiasTests
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama-biases")]
    public void Logits_WhereEverySumIsLost_StillHaveEachBiasOnce(string name)
    {
        TinyModel model = new(TinySpecs.Of(name));
        using TemporaryFile file = model.Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        using WorkerTeam team = new(1, "test", spin: false);
        using LayerWalk walk = new(weights, new StepLimits(), team);
        using VocabularyShard head = weights.LoadVocabulary(0, weights.Layout.TokenGroupCount);
        ShardTable table = new(TinySpec.LayerCount);
        table.Vocabulary.Add(head);
        Step step = new();
        step.Rows.Add(new StepRow(1, 0, 7));
        step.LogitRows.Add(0);
        float[] embedding = new float[TinySpec.HiddenSize];
        weights.Embedding.Lookup(7, 0, embedding);
        walk.Begin(step, embedding, table);
        float[] logits = new float[TinySpec.VocabularySize];
        walk.NormalizeLogitRows();
        walk.Logits(head, logits, TinySpec.VocabularySize);
        Assert.Equal(embedding, walk.Residual.ToArray());

        // The same model with its row-parallel matrices empty computes just that.
        foreach (string matrix in model.Tensors.Keys.Where(key => key.EndsWith("attn_output.weight", StringComparison.Ordinal) || key.EndsWith("ffn_down.weight", StringComparison.Ordinal)))
        {
            Array.Clear(model.Tensors[matrix].Values);
        }

        double[] expected = PlainForward.Logits(model, [7])[0];
        Assert.All(expected.Zip(logits), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * expected.Max(Math.Abs)));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama-biases")]
    [InlineData("qwen3")]
    [InlineData("phi3")]
    public void Forward_Streamed_IsBitEqualToPiecesInMemory(string name)
    {
        using TemporaryFile file = new TinyModel(TinySpecs.Of(name)).Write();
        using StreamedModel reference = new(file.Path, 1 << 14, null);
        using StreamedModel streamed = new(file.Path, 1 << 14, new StreamingOptions());
        streamed.Streamed!.WeightBytes = 2 * streamed.LargestPiece;
        foreach (Step step in StreamedModel.Steps(TinySpec.VocabularySize))
        {
            Assert.Equal(reference.Forward(step), streamed.Forward(step));
        }

        Assert.True(streamed.Streamed.Statistics.ReadBytes > 0, "Nothing was streamed.");
    }

    [Theory]
    [InlineData("\"rotaryDim\":0", "\"rotaryDim\":8", "rotaryDim is 8")]
    [InlineData("\"gate\":null", "\"gate\":\"F32\"", "layer 0's gate")]
    [InlineData("\"outputNormBias\":\"", "\"outputNormBias\":\"AAAA", "outputNormBias has")]
    [InlineData("\"DownBias\":", "\"GateBias\":", "vector 'GateBias'")]
    public void FromJson_ManifestOfAnotherShape_IsRefused(string part, string changed, string message)
    {
        using TemporaryFile file = new TinyModel(TinySpecs.Of("gpt2")).Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        string json = ModelManifest.Of("made", PieceFolder.MadeUpHash, weights).ToJson();
        Assert.Contains(part, json, StringComparison.Ordinal);
        PieceException fault = Assert.Throws<PieceException>(() => ModelManifest.FromJson(json.Replace(part, changed, StringComparison.Ordinal)));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }
}
