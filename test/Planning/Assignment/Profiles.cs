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
}
