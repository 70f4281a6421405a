using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Tests.Assignment;

/// <summary>Models and boards with round numbers.</summary>
internal static class Profiles
{
    /// <summary>2 layers of 4 head groups and 8 neuron groups, 5 token groups: 1,000 bytes a group and layer, 10 a position of KV.</summary>
    internal static ModelProfile Model { get; } = new()
    {
        Name = "tiny",
        LayerCount = 2,
        HeadGroupCount = 4,
        NeuronGroupCount = 8,
        TokenGroupCount = 5,
        HeadGroupBytes = 1000,
        NeuronGroupBytes = 1000,
        TokenGroupBytes = 1000,
        KvBytesPerPosition = 10,
        BoardBytes = 500,
        HeadBoardBytes = 2000,
        ContextLength = 100,
    };

    /// <summary>All of <see cref="Model"/>'s weights: (4 + 8) * 2 + 5 groups.</summary>
    internal const long WeightBytes = 29_000;

    internal static BoardProfile[] Boards(params double[] speeds) =>
        [.. speeds.Select((speed, index) => new BoardProfile($"b{index + 1}", speed, 1_000_000))];

    /// <summary>Importance of any size for a model.</summary>
    internal static ModelImportance Importance(ModelProfile model, Random random) => new()
    {
        ModelHash = "",
        HiddenSize = 64,
        Stages = [.. Enumerable.Range(0, 2 * model.LayerCount).Select(stage => new StageImportance
        {
            Mean = [.. Enumerable.Range(0, stage % 2 == 0 ? model.HeadGroupCount : model.NeuronGroupCount).Select(_ => random.NextSingle())],
        })],
    };

    /// <summary>The same importance in every layer.</summary>
    internal static ModelImportance Importance(ModelProfile model, float[] heads, float[] neurons) => new()
    {
        ModelHash = "",
        HiddenSize = 64,
        Stages = [.. Enumerable.Range(0, 2 * model.LayerCount).Select(stage => new StageImportance { Mean = stage % 2 == 0 ? heads : neurons })],
    };
}
