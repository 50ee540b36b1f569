# ruff: noqa
# fmt: off
import torch
import random
from torch import nn
def train(model,dataset,epochs=10,batch_size=100):
    opt=torch.optim.Adam(model.parameters(),lr=0.003)
    lossf=nn.CrossEntropyLoss()
    data=[dataset[i] for i in range(len(dataset))]
    L=[]
    for e in range(epochs):
        random.shuffle(data)
        i=0
        tot=0
        while i<len(data):
            b=data[i:i+batch_size]
            i=i+batch_size
            x=torch.stack([k[0] for k in b])
            y=torch.tensor([int(k[1]) for k in b])
            l=lossf(model(x),y)
            l.backward()
            opt.step()
            for p in model.parameters():
                p.grad.zero_()
            tot=tot+l.item()*len(b)
        L.append(tot/len(data))
        #print(e,L)
    return L
