using System.Numerics.Tensors;
using Halo.Inference.Model;
using Halo.Inference.Model.Observation;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Tests.Model.Observation;

public sealed class GroupPartsTests
{
    public static TheoryData<string> Models() => [.. TestModels.Present];

    [Theory]
    [MemberData(nameof(Models))]
    public void AddPart_OfAllGroups_IsTheStagesOutput(string name)
    {
        using OpenModel model = new(TestModels.PathOf(name));

        // Kernels of quantised types round h to 8 bits, the parts do not.
        float tolerance = name.Contains('Q', StringComparison.Ordinal) ? 0.03f : 1e-4f;
        int seen = 0;
        Watch(model, (parts, in stage) =>
        {
            for (int row = 0; row < stage.Rows; row++)
            {
                float[] sum = new float[stage.Output(row).Length];
                for (int group = 0; group < parts.GroupCount; group++)
                {
                    parts.AddPart(group, stage.Hidden(row), 1, sum);
                }

                float scale = TensorPrimitives.Norm<float>(stage.Output(row));
                Assert.True(scale > 0);
                Assert.True(TensorPrimitives.Distance(sum, stage.Output(row)) <= tolerance * scale, $"Stage {stage.Index}, row {row}.");
                seen++;
            }
        });
        Assert.Equal(2 * model.Weights.Config.LayerCount * 7, seen);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Norms_OfGroups_AreTheLengthsOfTheirParts(string name)
    {
        using OpenModel model = new(TestModels.PathOf(name));
        Watch(model, (parts, in stage) =>
        {
            float[] norms = new float[parts.GroupCount];
            parts.Norms(stage.Hidden(0), norms);
            for (int group = 0; group < parts.GroupCount; group++)
            {
                float[] part = new float[stage.Output(0).Length];
                parts.AddPart(group, stage.Hidden(0), -1, part);
                Assert.Equal(TensorPrimitives.Norm<float>(part), norms[group], 1e-3f * norms[group] + 1e-6f);
            }
        });
    }

    [Fact]
    public void Reordered_OfColumns_MovesPartsAndNorms()
    {
        using OpenModel model = new(TestModels.PathOf(TestModels.Bundled));
        GroupParts parts = GroupParts.Read(model.Weights, PieceKind.FeedForward, 1);
        int[] order = [.. Enumerable.Range(0, parts.Width).Reverse()];
        GroupParts reversed = parts.Reordered(order);
        float[] hidden = [.. Enumerable.Range(0, parts.Width).Select(i => (i % 13) - 6f)];
        float[] norms = new float[parts.GroupCount];
        float[] reversedNorms = new float[parts.GroupCount];
        parts.Norms(hidden, norms);
        reversed.Norms(Array.ConvertAll(order, i => hidden[i]), reversedNorms);
        Assert.All(norms.Reverse().Zip(reversedNorms), pair => Assert.Equal(pair.First, pair.Second, 1e-4f * pair.First));
        Assert.Equal(parts.ColumnNorms[3], reversed.ColumnNorms[parts.Width - 4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => parts.Reordered([0]));
    }

    [Fact]
    public void Forward_WatchedWithoutChange_GivesTheSameBits()
    {
        using OpenModel model = new(TestModels.PathOf(TestModels.Bundled));
        float[] plain = model.Transformer.Forward(Tokens(model, 1)).ToArray();
        Watcher watcher = new((in _) => { });
        float[] watched = model.Transformer.Forward(Tokens(model, 2), watcher).ToArray();
        Assert.Equal(plain, watched);
    }

    [Fact]
    public void Forward_WithAStageTakenAway_GoesOnWithoutIt()
    {
        using OpenModel model = new(TestModels.PathOf(TestModels.Bundled));
        float[] whole = model.Transformer.Forward(Tokens(model, 1)).ToArray();
        Watcher clears = new((in stage) =>
        {
            for (int row = 0; row < stage.Rows && stage.Index == 3; row++)
            {
                stage.Output(row).Clear();
            }
        });
        Assert.NotEqual(whole, model.Transformer.Forward(Tokens(model, 2), clears).ToArray());
    }

    [Fact]
    public void View_OfAStage_ShowsWhatTheStageReads()
    {
        using OpenModel model = new(TestModels.PathOf(TestModels.Bundled));
        ModelConfig config = model.Weights.Config;
        List<int> stages = [];
        Watcher watcher = new((in stage) =>
        {
            stages.Add(stage.Index);
            Assert.Equal((7, 4), (stage.Rows, stage.Position(4)));
            Assert.Equal(config.HiddenSize, stage.Input(6).Length);
            Assert.Equal(stage.Kind == PieceKind.Attention ? config.HeadCount * config.HeadDim : config.IntermediateSize, stage.Hidden(6).Length);
            if (stage.Kind == PieceKind.FeedForward)
            {
                // h = silu(gate) * up, so h is zero or of the sign of gate * up; where gate is far below zero it is next to nothing.
                Assert.Equal(config.IntermediateSize, stage.Gate(6).Length);
                Assert.True(TensorPrimitives.Norm(stage.Gate(6)) > 0);
            }
        });
        model.Transformer.Forward(Tokens(model, 1), watcher);
        Assert.Equal(Enumerable.Range(0, 2 * config.LayerCount), stages);
        Watcher asksAttention = new((in stage) => stage.Gate(0));
        Assert.Throws<InvalidOperationException>(() => model.Transformer.Forward(Tokens(model, 2), asksAttention).ToArray());
    }

    private delegate void See(in StageView stage);

    private delegate void SeeParts(GroupParts parts, in StageView stage);

    private static void Watch(OpenModel model, SeeParts see)
    {
        GroupParts[] parts =
        [
            .. Enumerable.Range(0, 2 * model.Weights.Config.LayerCount)
                .Select(stage => GroupParts.Read(model.Weights, stage % 2 == 0 ? PieceKind.Attention : PieceKind.FeedForward, stage / 2)),
        ];
        Assert.All(parts, (one, stage) => Assert.Equal(
            model.Weights.Layout.GroupCount(stage % 2 == 0 ? PieceKind.Attention : PieceKind.FeedForward), one.GroupCount));
        model.Transformer.Forward(Tokens(model, 1), new Watcher((in stage) => see(parts[stage.Index], stage)));
    }

    private static Step Tokens(OpenModel model, long sequence)
    {
        Step step = new();
        int[] tokens = model.Tokens(7, seed: 3);
        for (int i = 0; i < tokens.Length; i++)
        {
            step.Rows.Add(new StepRow(sequence, i, tokens[i]));
            step.LogitRows.Add(i);
        }

        return step;
    }

    private sealed class Watcher(See see) : IStageObserver
    {
        void IStageObserver.Observe(in StageView stage) => see(stage);
    }
}
