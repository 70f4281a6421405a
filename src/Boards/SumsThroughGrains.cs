using Halo.Fabric.Transport;

namespace Halo.Boards;

/// <summary>Puts a transport whose partial sums go through grains around one that carries all else.</summary>
/// <param name="model">The model.</param>
/// <param name="board">The board's place in the plan's order.</param>
/// <param name="boardCount">Boards of the plan.</param>
/// <param name="inner">Carries announcements and logits; owned by what is returned.</param>
public delegate ITransport SumsThroughGrains(string model, int board, int boardCount, ITransport inner);
